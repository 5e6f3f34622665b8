"""The merged log is readable on a terminal and JSON lines elsewhere."""

import io
import json

from tasks.supervisor.output import line_printer


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_on_a_terminal_every_line_begins_with_its_service_in_a_colour_of_its_own() -> None:
    terminal = Terminal()
    print_line = line_printer(terminal, ["web", "flower"])
    print_line("web", "hello")
    print_line("flower", "hello")
    web, flower = terminal.getvalue().splitlines()
    assert web == "\x1b[36mweb       \x1b[0m hello"
    assert flower.endswith("flower    \x1b[0m hello")
    assert web.split("m")[0] != flower.split("m")[0]


def test_elsewhere_json_lines_pass_as_they_are() -> None:
    stream = io.StringIO()
    line_printer(stream, ["web"])("web", '{"event": "stored", "delivery_id": "d1"}')
    assert stream.getvalue() == '{"event": "stored", "delivery_id": "d1"}\n'


def test_elsewhere_other_lines_are_wrapped_so_that_the_log_has_one_format() -> None:
    stream = io.StringIO()
    line_printer(stream, ["broker"])("broker", 'Ready to "accept"')
    assert json.loads(stream.getvalue()) == {"service": "broker", "event": 'Ready to "accept"'}


def test_a_reader_that_has_gone_does_not_stop_the_services() -> None:
    line_printer(Gone(), ["web"])("web", "hello")
