"""The vault: what it seals it opens, whole and in its own row only."""

import json
from dataclasses import replace

import pytest

from workflows import typed_json
from workflows.ledger.arrivals import Arrival
from workflows.ledger.vault import OVERHEAD_BYTES, KeyMissing, Tampered, Vault
from workflows.settings.keys import SealingKey, new_key, read_keys
from workflows.values import DeliveryId, new_id

OLD, NEW = SealingKey("2025", b"o" * 32), SealingKey("2026", b"n" * 32)
HEADERS = {"content-type": "application/json", "x-forwarded-for": "192.0.2.7"}
BODY = b'{"email": "ana@example.com"}\x00\xff'
DRAFTS = typed_json.dump([{"data": {"email": "ana@example.com"}}])


def arrival(**changes: object) -> Arrival:
    made = Arrival(DeliveryId(new_id()), "shop", "id:1", None, 0, typed_json.dump(HEADERS), BODY, DRAFTS, None)
    return replace(made, **changes)  # type: ignore[arg-type]


def headers_of(sealed: Arrival) -> object:
    return typed_json.load(sealed.headers)


def test_nothing_of_it_can_be_read_and_all_of_it_opened() -> None:
    given = arrival()
    sealed = Vault([NEW, OLD]).seal(given)
    stored = f"{sealed.headers} {sealed.body!r} {sealed.drafts}"
    assert "ana" not in stored
    assert "192.0.2.7" not in stored
    assert len(sealed.body) == len(BODY) + OVERHEAD_BYTES
    vault = Vault([NEW])
    assert vault.open(given.id, headers_of(sealed), sealed.body) == (HEADERS, BODY)
    assert sealed.drafts is not None
    assert vault.open_drafts(given.id, headers_of(sealed), sealed.drafts) == DRAFTS
    assert (sealed.key, sealed.problems, sealed.state) == (given.key, None, "pending")


def test_the_same_is_never_sealed_alike() -> None:
    given, vault = arrival(), Vault([NEW])
    assert vault.seal(given).body != vault.seal(given).body


def test_without_keys_it_is_stored_and_read_as_it_is() -> None:
    given, vault = arrival(), Vault()
    assert vault.seal(given) is given
    assert vault.open(given.id, HEADERS, BODY) == (HEADERS, BODY)
    assert Vault([NEW]).open(given.id, HEADERS, BODY) == (HEADERS, BODY)


def test_an_older_key_still_opens_and_a_missing_one_is_named() -> None:
    given = arrival()
    sealed = Vault([OLD]).seal(given)
    assert Vault([NEW, OLD]).open(given.id, headers_of(sealed), sealed.body).body == BODY
    with pytest.raises(KeyMissing, match="'2025'; in STAGEDOOR_KEYS are: 2026"):
        Vault([NEW]).open(given.id, headers_of(sealed), sealed.body)


def test_rotation_touches_the_key_alone() -> None:
    given = arrival()
    sealed = Vault([OLD]).seal(given)
    headers = headers_of(sealed)
    assert isinstance(headers, str)
    rewrapped = Vault([NEW, OLD]).rewrap(given.id, headers)
    assert Vault([NEW]).open(given.id, rewrapped, sealed.body) == (HEADERS, BODY)


def test_a_flipped_bit_or_another_row_does_not_open() -> None:
    given, vault = arrival(), Vault([NEW])
    sealed = vault.seal(given)
    headers = headers_of(sealed)
    assert isinstance(headers, str)
    for at in range(0, len(sealed.body), 7):
        broken = bytearray(sealed.body)
        broken[at] ^= 1
        with pytest.raises(Tampered):
            vault.open(given.id, headers, bytes(broken))
    with pytest.raises(Tampered):
        vault.open(new_id(), headers, sealed.body)
    with pytest.raises(Tampered):
        vault.open(given.id, headers[:-5] + "#" + headers[-4:], sealed.body)
    with pytest.raises(Tampered):
        vault.open(given.id, headers, b"")


def test_new_drafts_are_sealed_as_the_row_is() -> None:
    given, vault = arrival(), Vault([NEW])
    headers = headers_of(vault.seal(given))
    written = vault.seal_drafts(given.id, headers, "[]")
    assert json.loads(written) != []
    assert vault.open_drafts(given.id, headers, written) == "[]"
    assert vault.seal_drafts(given.id, HEADERS, "[]") == "[]"


def test_keys_are_read_from_the_environment_and_never_shown() -> None:
    problems: list = []
    text = f"{new_key('b')}, {new_key('a')}"
    keys = read_keys({"STAGEDOOR_KEYS": text}, problems)
    assert ([key.id for key in keys], problems) == (["b", "a"], [])
    assert text.partition(":")[2][:20] not in repr(keys)
    wrong = ["short:YWJj", f"no id:{'A' * 43}=", "nothing", f"x:{'A' * 43}=,x:{'B' * 42}A="]
    for value in wrong:
        problems.clear()
        read_keys({"STAGEDOOR_KEYS": value}, problems)
        assert [problem.code for problem in problems] == ["E402"], value
        assert "AAAA" not in str(problems[0])
