"""The tests: `unit` mirrors the packages, `conformance`, `properties` and `acceptance` say what they are."""
