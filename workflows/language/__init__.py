"""What this YAML means: definitions, formulas, and every problem with its place. Reads text; decides nothing."""
