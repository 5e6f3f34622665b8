"""Settings: read whole, reported whole, and silent about secrets."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.builders.settings import make_settings
from workflows.errors import ConfigurationError
from workflows.settings import ENVIRONMENT, Key, PersonSettings, Secret, Settings, Unset, read_settings
from workflows.values import Money, Percent

WHOLE = """\
sources:
  symphony:
    preset: symphony
    token: ${SYMPHONY_WEBHOOK_TOKEN}
    brand: main
  tickettailor: {preset: tickettailor, secrets: ["${NEW}", "${OLD}"], brand: main}
  box-office: {preset: cymbal, header: X-Api-Key, keys: ["${BOX}"], brand: main}
vendors:
  symphony:
    advertising_api: ${BASE}/advertising
    partner_api: ${BASE}
    api_key: ${SYMPHONY_API_KEY}
    brand_id: 1234
    operations:
      get_campaign:
        path: /v1/campaign/{id}
        fields:
          market_id: {from: data.market.0.id, type: text}
          ctr: {from: data.ctr, type: percent, unit: ratio}
brands:
  main: {zone: Europe/London, currency: USD, budget_cap: 500 USD}
"""
WHOLE_ENVIRON = {
    "SYMPHONY_WEBHOOK_TOKEN": "wt",
    "NEW": "n",
    "BOX": "b",
    "BASE": "https://partner.example.com",
    "SYMPHONY_API_KEY": "ak",
}

Reader = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    def reader(text: str = "brands: {main: {}}\n", environ: Mapping[str, str] | None = None) -> Settings:
        (tmp_path / "stagedoor.yml").write_text(text, encoding="utf-8")
        return read_settings({"STAGEDOOR_DATA": str(tmp_path / "var"), **(environ or {})}, tmp_path)

    return reader


@pytest.fixture
def problems_of(read: Reader, tmp_path: Path) -> Callable[..., list[str]]:
    def problems(text: str = "brands: {main: {}}\n", environ: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            read(text, environ)
        return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]

    return problems


def test_the_whole_file_becomes_values(read: Reader) -> None:
    settings = read(WHOLE, WHOLE_ENVIRON)
    assert settings.sources["symphony"].options == {"token": (Key(Secret("wt")),), "verify": {}}
    assert settings.sources["box-office"].options == {
        "header": "X-Api-Key",
        "keys": (Key(Secret("b")),),
        "verify": {},
    }
    assert settings.sources["box-office"].brand == "main"
    symphony = settings.vendors["symphony"]
    assert (symphony["advertising_api"], symphony["brand_id"]) == ("https://partner.example.com/advertising", "1234")
    assert symphony["operations"]["get_campaign"]["path"] == "/v1/campaign/{id}"
    assert symphony["operations"]["get_campaign"]["fields"]["ctr"] == {
        "from": "data.ctr",
        "type": "percent",
        "unit": "ratio",
    }


def test_a_variable_that_is_not_set_is_listed_and_its_value_missing(read: Reader) -> None:
    settings = read(WHOLE, {**WHOLE_ENVIRON, "SYMPHONY_API_KEY": ""})
    assert settings.sources["tickettailor"].options["secrets"] == (Key(Secret("n")),)
    assert settings.vendors["symphony"]["api_key"] is None
    assert settings.unset == (
        Unset("sources.tickettailor.secrets.1", "OLD"),
        Unset("vendors.symphony.api_key", "SYMPHONY_API_KEY"),
    )


def test_a_key_that_is_left_out_is_a_value_that_is_missing(read: Reader) -> None:
    settings = read("vendors: {cymbal: {}}\nbrands: {main: {}}\n")
    assert settings.vendors["cymbal"] == {
        **dict.fromkeys(("base_url", "api_key", "deadline_seconds", "concurrency")),
        **dict.fromkeys(("genres", "ticketers", "limits"), ()),
    }


def test_an_operator_adds_what_the_vendors_documents_leave_open(read: Reader) -> None:
    text = """\
vendors:
  symphony: {ad_account_currency: MXN, currency_floors: {MXN: 190, JPY: 1500.5}}
  cymbal: {genres: [Rock, Dance/Electronic], ticketers: [eventbrite], deadline_seconds: 12, concurrency: 3,
    limits: [{count: 4, seconds: 1}, {count: 10000, seconds: 86400}]}
brands: {main: {}}
"""
    vendors = read(text).vendors
    assert vendors["cymbal"]["deadline_seconds"] == 12
    assert vendors["cymbal"]["concurrency"] == 3
    assert vendors["cymbal"]["limits"] == ({"count": 4, "seconds": 1}, {"count": 10_000, "seconds": 86_400})
    assert vendors["symphony"]["ad_account_currency"] == "MXN"
    assert vendors["symphony"]["currency_floors"] == {"MXN": 190, "JPY": Decimal("1500.5")}
    assert vendors["cymbal"]["genres"] == ("Rock", "Dance/Electronic")


def test_what_an_operator_adds_is_checked(problems_of: Callable[..., list[str]]) -> None:
    text = """\
vendors: {symphony: {ad_account_currency: mxn, currency_floors: {XXZ: 0}}, cymbal: {deadline_seconds: 600}}
brands: {main: {}}
"""
    assert problems_of(text) == [
        "stagedoor.yml:1:43: E415 'mxn' is not an ISO 4217 currency code",
        "stagedoor.yml:1:66: E415 'XXZ' is not an ISO 4217 currency code",
        "stagedoor.yml:1:71: E122 vendors.symphony.currency_floors.XXZ must be a number above 0",
        "stagedoor.yml:1:103: E123 vendors.cymbal.deadline_seconds must be from 1 to 120, not 600",
    ]


def test_a_brand_has_typed_fields_as_they_are_written(read: Reader) -> None:
    text = "brands: {main: {a: 500 USD, b: 1.2%, c: 24h, d: 3, e: 1.5, f: true, g: word, h: '500 USD'}}"
    assert read(text).brands["main"] == {
        "a": Money(Decimal(500), "USD"),
        "b": Percent(Decimal("0.012")),
        "c": timedelta(hours=24),
        "d": 3,
        "e": Decimal("1.5"),
        "f": True,
        "g": "word",
        "h": "500 USD",
    }


def test_a_field_of_a_brand_that_means_nothing_is_a_problem(problems_of: Callable[..., list[str]]) -> None:
    assert problems_of("brands: {main: {cap: 5.001 USD}}\n") == [
        "stagedoor.yml:1:22: E417 brands.main.cap: USD has 2 decimal places, 5.001 has more (text stands in quotes)"
    ]


def test_a_secret_may_lie_in_a_file_of_its_own(read: Reader, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n", encoding="utf-8")
    settings = read(f"vendors: {{cymbal: {{api_key: '${{file:{tmp_path}/key}}'}}}}\nbrands: {{main: {{}}}}\n")
    assert settings.vendors["cymbal"]["api_key"] == Secret("from-file")


def test_several_secrets_may_be_live_each_with_an_id_and_an_end(read: Reader) -> None:
    text = """\
sources:
  symphony:
    preset: symphony
    token: ["${A}", {secret: "${B}", id: spring, until: 2026-06-30T00:00:00Z}]
    brand: main
brands: {main: {}}
"""
    keys = read(text, {"A": "a", "B": "b"}).sources["symphony"].options["token"]
    until = datetime(2026, 6, 30, tzinfo=UTC)
    assert keys == (Key(Secret("a")), Key(Secret("b"), "spring", until))
    assert "a" not in repr(keys[0]).replace("Key(secret=***, id='', until=None)", "")


def test_proofs_of_origin_are_asked_for_by_scheme(read: Reader) -> None:
    text = """\
sources:
  partner:
    preset: generic
    verify:
      hmac: {header: X-Signature, secrets: ["${S}"], signed: "{timestamp}.{body}", timestamp_header: X-Time}
      networks: {allow: [203.0.113.0/24], proxies: 1}
    type: event.kind
    brand: main
brands: {main: {}}
"""
    verify = read(text, {"S": "s"}).sources["partner"].options["verify"]
    assert verify["networks"] == {"allow": ("203.0.113.0/24",), "proxies": 1}
    assert verify["hmac"] == {
        "header": "X-Signature",
        "secrets": (Key(Secret("s")),),
        "digest": "sha256",
        "encoding": "hex",
        "prefix": "",
        "signed": "{timestamp}.{body}",
        "timestamp_header": "X-Time",
        "element": None,
        "tolerance_seconds": None,
    }


def test_headers_and_tokens_that_nothing_could_match_are_reported(problems_of: Callable[..., list[str]]) -> None:
    text = """\
sources:
  one: {preset: cymbal, header: X_Api_Key, keys: ["${S}"], brand: main}
  two: {preset: symphony, token: ["${S}"], brand: main}
  three: {preset: generic, verify: {path-token: {token: "${S}"}}, type: "header:X_Kind", brand: main}
brands: {main: {}}
"""
    assert problems_of(text, {"S": "ab/c"}) == [
        "stagedoor.yml:2:33: E122 sources.one.header must be the name of a header "
        "(letters, digits and -; one with _ is never looked at)",
        "stagedoor.yml:3:34: E122 sources.two.token has a '/' in it, at which the address would end (take another)",
        "stagedoor.yml:4:57: E122 sources.three.verify.path-token.token has a '/' in it, at which the address would "
        "end (take another)",
        "stagedoor.yml:4:73: E122 sources.three.type must be the way to a value (data.id or header:X-Event)",
    ]


def test_proofs_that_cannot_be_are_reported(problems_of: Callable[..., list[str]]) -> None:
    text = """\
sources:
  one:
    preset: generic
    verify:
      hmac: {header: X, secrets: {secret: "${S}", until: tomorrow}, signed: "{timestamp}"}
      networks: {allow: [203.0.113.0/99], proxies: many}
      standard-webhooks: {secrets: "${S}"}
      hmca: {}
    type: "a b"
    prefix: Shop
    events: {won: {amount: {from: amount, type: mony}}}
    brand: main
brands: {main: {}}
"""
    assert problems_of(text, {"S": "not-standard"}) == [
        "stagedoor.yml:5:13: E122 sources.one.verify.hmac.signed must have {body} in it: what is not signed proves "
        "nothing",
        "stagedoor.yml:5:13: E122 sources.one.verify.hmac must have {timestamp} in 'signed' where it says where the "
        "time stands, and only there (timestamp_header or element says where)",
        "stagedoor.yml:5:58: E122 sources.one.verify.hmac.secrets.until must be a moment with its offset "
        "(2026-06-30T00:00:00Z)",
        "stagedoor.yml:6:26: E122 '203.0.113.0/99' is not a network (203.0.113.0/24 or 203.0.113.7)",
        "stagedoor.yml:6:52: E122 sources.one.verify.networks.proxies must be a whole number, not text",
        "stagedoor.yml:7:36: E122 sources.one.verify.standard-webhooks.secrets has a secret that is none of Standard "
        "Webhooks (whsec_ and base64, or whpk_ and an Ed25519 public key in base64)",
        "stagedoor.yml:8:7: E120 'hmca' is not a key of sources.one.verify (did you mean 'hmac'?)",
        "stagedoor.yml:9:11: E122 sources.one.type must be the way to a value (data.id or header:X-Event)",
        "stagedoor.yml:10:13: E122 sources.one.prefix must be small letters, digits, - and _, and not stagedoor "
        "(such as tickets)",
        "stagedoor.yml:11:49: E123 'mony' cannot be sources.one.events.won.amount.type (did you mean 'money'?)",
    ]


def test_what_is_wrong_is_reported_at_once_with_places_and_nearest_names(problems_of: Callable[..., list[str]]) -> None:
    text = """\
sources:
  symphony: {preset: symfony, token: "${T}", brand: main}
  Box Office: {preset: cymbal, keys: ["${K}"], headr: X, brand: mian}
  tickets: {secrets: ["${S}"], brand: main}
vendors:
  cymbl: {}
  symphony:
    api_kye: ${A}
    partner_api: ftp://x
    operations: {get_campaign: {path: v1/x, fields: {m: {from: data.m, type: txt}}}}
brands:
  main: {zone: Europe/Londn, currency: US, budget_cap: 500 USD, on tour: 1}
  other: {budget_cap: 500, note: [x]}
roles: {}
"""
    assert problems_of(text) == [
        "stagedoor.yml:2:22: E123 'symfony' cannot be the preset of the source 'symphony' (did you mean 'symphony'?)",
        "stagedoor.yml:3:3: E124 'Box Office' cannot be the name of a source (it stands in an address: use small "
        "letters, digits and -)",
        "stagedoor.yml:3:48: E120 'headr' is not a key of the source 'Box Office' (did you mean 'header'?)",
        "stagedoor.yml:3:65: E123 'mian' cannot be the brand of the source 'Box Office' (did you mean 'main'?)",
        "stagedoor.yml:4:12: E121 the source 'tickets' needs the key 'preset'",
        "stagedoor.yml:6:3: E120 'cymbl' is not a key of vendors (did you mean 'cymbal'?)",
        "stagedoor.yml:8:5: E120 'api_kye' is not a key of the vendor 'symphony' (did you mean 'api_key'?)",
        "stagedoor.yml:9:18: E413 vendors.symphony.partner_api must be an address such as https://host/path",
        "stagedoor.yml:10:39: E413 vendors.symphony.operations.get_campaign.path must begin with a slash",
        "stagedoor.yml:10:78: E123 'txt' cannot be vendors.symphony.operations.get_campaign.fields.m.type "
        "(did you mean 'text'?)",
        "stagedoor.yml:12:16: E415 'Europe/Londn' is not a time zone of the IANA database "
        "(did you mean 'Europe/London'?)",
        "stagedoor.yml:12:40: E415 'US' is not an ISO 4217 currency code",
        "stagedoor.yml:12:65: E124 'on tour' cannot be a field of a brand (use letters, digits and _, "
        "beginning with a letter)",
        "stagedoor.yml:13:23: E416 budget_cap is a number here but money at another brand",
        "stagedoor.yml:13:34: E122 brands.other.note must be a single value (or leave the key out)",
        "stagedoor.yml:14:1: E120 'roles' is not a key of stagedoor.yml (known are sources, vendors, brands, people, "
        "door, expected, retention)",
    ]


@pytest.mark.parametrize("address", ["ftp://host", "https://", "https://host?a=b", "https://us:hunter2@host"])
def test_what_is_no_address_is_refused(address: str, problems_of: Callable[..., list[str]]) -> None:
    assert problems_of(f"vendors: {{cymbal: {{base_url: '{address}'}}}}\nbrands: {{main: {{}}}}\n") == [
        "stagedoor.yml:1:30: E413 vendors.cymbal.base_url must be an address such as https://host/path"
    ]


def test_a_secret_written_into_the_file_is_refused_and_not_repeated(problems_of: Callable[..., list[str]]) -> None:
    assert problems_of("vendors: {cymbal: {api_key: hunter2}}\nbrands: {main: {}}\n") == [
        "stagedoor.yml:1:29: E411 vendors.cymbal.api_key is a secret and must not stand in a file "
        "(write ${CYMBAL_API_KEY} and set that variable)"
    ]


@pytest.mark.parametrize(
    ("value", "code"),
    [("${lower case}", "E410"), ("${}", "E410"), ("${OPEN", "E410"), ("${file:/nowhere/at/all}", "E412")],
)
def test_a_reference_to_nothing_is_a_problem(problems_of: Callable[..., list[str]], value: str, code: str) -> None:
    (problem,) = problems_of(f"vendors:\n  cymbal:\n    base_url: {value}\nbrands: {{main: {{}}}}\n")
    assert f"stagedoor.yml:3:15: {code} " in problem


def test_an_unknown_variable_of_ours_is_refused_with_the_nearest_name(problems_of: Callable[..., list[str]]) -> None:
    assert problems_of(environ={"STAGEDOOR_CONSOL_TOKEN": "x", "STAGEDOOR_QXQXQXQXQXQXQXQX": "", "HOME": "/"}) == [
        "STAGEDOOR_CONSOL_TOKEN: E401 is not a setting of Stagedoor (did you mean 'STAGEDOOR_CONSOLE_TOKEN'?)",
        "STAGEDOOR_QXQXQXQXQXQXQXQX: E401 is not a setting of Stagedoor",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:hunter2@h/d"),
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("BROKER_URL", "sqs://hunter2"),
        ("SENTRY_DSN", "hunter2"),
        ("STAGEDOOR_LOG", "jsn"),
        ("STAGEDOOR_INTAKE_THREADS", "0"),
        ("STAGEDOOR_WORKER_THREADS", "0"),
        ("STAGEDOOR_WORKER_THREADS", "257"),
        ("STAGEDOOR_WORKER_THREADS", "many"),
    ],
)
def test_a_variable_with_a_wrong_value_is_named_without_what_may_be_secret(
    problems_of: Callable[..., list[str]], name: str, value: str
) -> None:
    (problem,) = problems_of(environ={name: value})
    assert problem.startswith(f"{name}: E402 ")
    assert "hunter2" not in problem


def test_problems_of_environment_and_file_come_together(problems_of: Callable[..., list[str]]) -> None:
    assert [problem.split()[1] for problem in problems_of("brand: {}\n", {"STAGEDOOR_X": "1"})] == [
        "E401",
        "E120",
    ]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"stagedoor\.yml: E403 No such file"):
        read_settings({"STAGEDOOR_CONFIG": str(tmp_path)})


def test_everything_has_a_place_on_this_machine_by_default(read: Reader, tmp_path: Path) -> None:
    settings = read()
    assert settings.data_dir == tmp_path / "var"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/ledger.db"
    assert settings.broker_url == f"redis+socket://{tmp_path}/var/broker.sock"
    assert (settings.log_format, settings.intake_threads, settings.worker_threads) == ("auto", 4, 16)
    assert (settings.console_token, settings.flower_password, settings.sentry_dsn) == (None, None, None)


def test_the_environment_says_otherwise(read: Reader) -> None:
    environ = {
        "DATABASE_URL": "postgresql://u:p@h/d",
        "BROKER_URL": "amqp://u:p@h//",
        "SENTRY_DSN": "https://k@sentry.example.com/1",
        "STAGEDOOR_CONSOLE_TOKEN": "ct",
        "STAGEDOOR_FLOWER_PASSWORD": "fp",
        "STAGEDOOR_LOG": "json",
        "STAGEDOOR_INTAKE_THREADS": "1",
        "STAGEDOOR_WORKER_THREADS": "256",
    }
    settings = read(environ=environ)
    assert (settings.database_url, settings.broker_url) == ("postgresql://u:p@h/d", "amqp://u:p@h//")
    assert (settings.console_token, settings.flower_password) == (Secret("ct"), Secret("fp"))
    assert (settings.log_format, settings.intake_threads, settings.worker_threads) == ("json", 1, 256)
    assert not [value for value in environ.values() if len(value) > 4 and value in repr(settings)]
    assert environ.keys() < ENVIRONMENT.keys()


def test_a_host_that_says_postgres_means_postgresql(read: Reader) -> None:
    assert read(environ={"DATABASE_URL": "postgres://u:p@h/d"}).database_url == "postgresql://u:p@h/d"


def test_settings_cannot_be_changed(read: Reader) -> None:
    settings = read(WHOLE, WHOLE_ENVIRON)
    with pytest.raises(AttributeError):
        settings.log_format = "json"  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.vendors["symphony"]["api_key"] = "x"  # type: ignore[index]


def test_a_secret_shows_itself_only_when_asked(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    logging.getLogger("t").warning("%s %r", secret, {"key": secret})
    assert f"{secret} {secret!r} {[secret]}{caplog.text}".count("hunter2") == 0
    assert secret.reveal() == "hunter2"
    with pytest.raises(TypeError):
        json.dumps({"key": secret})


def test_secrets_are_equal_as_their_values_are_and_never_equal_to_text() -> None:
    assert Secret("é") == Secret("é")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    with pytest.raises(TypeError):
        hash(Secret("a"))


def test_the_builder_reads_values_as_a_file(tmp_path: Path) -> None:
    sources = {"symphony": {"preset": "symphony", "token": "t", "brand": "main"}}
    settings = make_settings(tmp_path, sources=sources, vendors={"cymbal": {"api_key": "k"}})
    assert settings.sources["symphony"].options["token"] == (Key(Secret("t")),)
    assert settings.vendors["cymbal"]["api_key"] == Secret("k")
    assert settings.brands["main"]["budget_cap"] == Money(Decimal(500), "USD")


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ("4", "E122 vendors.cymbal.limits must be a list"),
        ("[]", "E122 vendors.cymbal.limits must not be empty"),
        ("[4]", "E122 vendors.cymbal.limits.0 must be a map of keys"),
        ("[{count: 4}]", "E121 vendors.cymbal.limits.0 needs the key 'seconds'"),
        ("[{count: 4, second: 1}]", "did you mean 'seconds'?"),
        ("[{count: 0, seconds: 1}]", "E123 vendors.cymbal.limits.0.count must be from 1"),
        ("[{count: 4, seconds: 0.5}]", "E122 vendors.cymbal.limits.0.seconds must be a whole number"),
    ],
)
def test_a_limit_that_is_none_is_told_with_its_place(read: Reader, limits: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(f"vendors: {{cymbal: {{limits: {limits}}}}}\nbrands: {{main: {{}}}}\n")

    assert told in str(caught.value)


def test_people_have_roles_and_perhaps_a_token(read: Reader) -> None:
    text = """\
brands: {main: {}}
people:
  alice: {token: '${ALICE}', roles: [approvers, directors]}
  bob: {roles: [directors]}
"""
    people = read(text, {"ALICE": "a"}).people
    assert people["alice"] == PersonSettings("alice", Secret("a"), ("approvers", "directors"))
    assert people["bob"] == PersonSettings("bob", None, ("directors",))
    unset = read(text)
    assert (unset.people["alice"].token, unset.unset) == (None, (Unset("people.alice.token", "ALICE"),))


def test_people_who_cannot_be_are_reported(problems_of: Callable[..., list[str]]) -> None:
    text = "brands: {main: {}}\npeople:\n  Al ice: {roles: []}\n  bob: {token: plain, roles: [The Boss], role: x}\n"
    assert problems_of(text) == [
        "stagedoor.yml:3:3: E124 'Al ice' cannot be the name of a person (use small letters, digits, -, _ and .)",
        "stagedoor.yml:3:19: E122 people.Al ice.roles must not be empty",
        "stagedoor.yml:4:16: E411 people.bob.token is a secret and must not stand in a file "
        "(write ${BOB_TOKEN} and set that variable)",
        "stagedoor.yml:4:31: E124 'The Boss' cannot be a role (use small letters, digits, -, _ and .)",
        "stagedoor.yml:4:42: E120 'role' is not a key of the person 'bob' (did you mean 'roles'?)",
    ]


def test_people_who_share_a_token_are_refused_and_it_is_not_shown(read: Reader) -> None:
    text = """\
brands: {main: {}}
people:
  alice: {token: '${ALICE}', roles: [approvers]}
  bob: {token: '${BOB}', roles: [approvers]}
  carol: {token: '${CAROL}', roles: [approvers]}
"""
    with pytest.raises(ConfigurationError) as caught:
        read(text, {"ALICE": "hunter2", "BOB": "another", "CAROL": "hunter2"})
    assert [str(problem).rpartition("/")[2] for problem in caught.value.problems] == [
        "stagedoor.yml:5:18: E419 people.carol.token is also the token of alice "
        "(each needs their own, to be told apart)"
    ]
    assert "hunter2" not in f"{caught.value!r} {caught.value}"
    assert read(text, {"ALICE": "hunter2", "BOB": "another"}).people["carol"].token is None
