"""Every key of a workflow file: one table, which the reader, the JSON Schema and docs/language.md are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from workflows.language.forms import (
    Block,
    BlockForm,
    ChoiceForm,
    DurationForm,
    EitherForm,
    Form,
    FormulaForm,
    Key,
    ListForm,
    NamedForm,
    PercentForm,
    PlainForm,
    TextForm,
    ValueForm,
    WholeNumberForm,
)
from workflows.language.trials.values import DECISIONS, STATUSES

YEAR = timedelta(days=366)
MONTH = timedelta(days=31)

MAX_STEPS = 200
"""Of one definition, those within steps and in `on_failure` included."""
MAX_NESTING = 5
"""Levels of steps within each other, the outermost included."""
MAX_BRANCHES = 20
"""Of one `choose` or `parallel`."""
MAX_AWAITED = 20
"""Events one `wait_for` waits for."""

ENDS = ("stop", "fail", "continue")

STEPS = ListForm(BlockForm("step"))
EVENTS = ListForm(TextForm("event", "symphony.campaign.completed"), most=50, or_one=True)
MATCH = FormulaForm("it.data.id == event.data.id")

WORKFLOW = Block(
    "workflow",
    "a workflow",
    (
        Key(
            "workflow", TextForm(example="raise-budget"), "The workflow's name, the same as its file's.", required=True
        ),
        Key("description", TextForm(), "What it is for, in a sentence."),
        Key("owner", TextForm(example="paid-social"), "Whom to ask about it."),
        Key(
            "vars",
            NamedForm(PlainForm(), may_be_empty=True),
            "Figures one may want to change; formulas read them as `vars.<name>`.",
        ),
        Key("when", BlockForm("when"), "What starts it.", required=True),
        Key("run", BlockForm("run"), "What holds for each run as a whole."),
        Key("steps", STEPS, "What is done, one after another.", required=True),
        Key("result", ValueForm(), "What a workflow that runs this one gets back, worked out at the end."),
        Key("on_failure", STEPS, "What is done when a run fails, or a person cancels it. They see `failure`."),
        Key("tests", ListForm(BlockForm("test")), "The workflow's own tests, which `stagedoor test` runs."),
    ),
)

WHEN = Block(
    "when",
    "'when'",
    (
        Key("event", EVENTS, "The type of event that starts a run, or a list of types."),
        Key(
            "where",
            FormulaForm("event.data.provider == 'facebook'"),
            "Only events for which this holds.",
            goes_with=("event",),
        ),
        Key(
            "stale_after",
            DurationForm(YEAR),
            "An event that happened longer ago is laid aside for a person and starts nothing by itself.",
            goes_with=("event",),
        ),
        Key(
            "schedule",
            TextForm(example="0 9 * * mon"),
            "Times to start at: minute, hour, day of the month, month, day of the week.",
            needs=("zone",),
        ),
        Key("zone", TextForm("zone", "Europe/London"), "Whose clocks the schedule goes by.", goes_with=("schedule",)),
        Key("manual", BlockForm("manual"), "It is started by a person, or by the step `run` of another workflow."),
        Key(
            "brand",
            TextForm("brand", "main"),
            "Whom the run speaks for; needed where there are several brands.",
            goes_with=("schedule", "manual"),
        ),
    ),
    one_of=("event", "schedule", "manual"),
    advice="a workflow starts in one way; put the other into a workflow of its own",
)

INPUT_TYPES = ("text", "number", "boolean", "money", "percent", "duration", "instant")
LIST_OF = "list of "
TYPE = ChoiceForm((*INPUT_TYPES, *(LIST_OF + name for name in INPUT_TYPES)))

MANUAL = Block(
    "manual",
    "'manual'",
    (
        Key(
            "inputs",
            NamedForm(EitherForm((TYPE, BlockForm("input"))), may_be_empty=True),
            "What must be given to start it, each with its type. Steps read them as `event.data.<name>`.",
        ),
    ),
)

INPUT = Block(
    "input",
    "an input",
    (
        Key("type", TYPE, "Its type.", required=True),
        Key("default", PlainForm(), "What it is where nothing is given; without it, it must be given."),
        Key("description", TextForm(), "What it is for, in a sentence."),
    ),
)

RUN = Block(
    "run",
    "'run'",
    (
        Key(
            "key",
            FormulaForm("event.data.id"),
            "What a run is called in lists, and what tells runs of one thing from those of another.",
            default="the event's subject",
            excludes=("batch",),
        ),
        Key("concurrency", BlockForm("concurrency"), "How many runs may be under way at a time."),
        Key("expires", DurationForm(YEAR), "A run that is not through by then gives up.", default="14d"),
        Key("cancel_on", BlockForm("cancel_on"), "An event that ends the run."),
        Key(
            "debounce",
            BlockForm("debounce"),
            "Of events that come shortly after each other only the last one starts a run.",
            excludes=("batch",),
        ),
        Key("batch", BlockForm("batch"), "Many events start one run together."),
    ),
)

CONCURRENCY = Block(
    "concurrency",
    "'concurrency'",
    (
        Key("limit", WholeNumberForm(1, 1000), "How many at a time.", default="1"),
        Key(
            "on_conflict",
            ChoiceForm(("queue", "skip", "replace")),
            "What becomes of one too many: it waits its turn, it is not begun, or it takes the place of the oldest one "
            "that has called nobody yet.",
            default="queue",
        ),
        Key(
            "by",
            FormulaForm("brand.zone"),
            "Runs that count together are those for which this is the same.",
            default="the key",
        ),
    ),
)

CANCEL_ON = Block(
    "cancel_on",
    "'cancel_on'",
    (
        Key("event", EVENTS, "The type of event that cancels, or a list of types.", required=True),
        Key("match", MATCH, "Which one of them is meant; `it` is the event that came.", required=True),
    ),
)

DEBOUNCE = Block(
    "debounce",
    "'debounce'",
    (
        Key("for", DurationForm(MONTH), "How long nothing further must come.", required=True),
        Key("at_most", DurationForm(MONTH), "How long it is put off at most.", required=True),
        Key("by", FormulaForm("event.data.id"), "Events that replace each other.", default="the key"),
    ),
)

BATCH = Block(
    "batch",
    "'batch'",
    (
        Key("count", WholeNumberForm(1, 1000), "The run begins when there are so many …", required=True),
        Key("within", DurationForm(MONTH), "… or when the first of them is so old.", required=True),
        Key("by", FormulaForm("event.data.shop"), "Events that go together.", default="those of one brand"),
    ),
)

VERBS: tuple[Key, ...] = (
    Key("call", TextForm("operation", "symphony.edit_campaign"), "Call an operation of a vendor."),
    Key("set", NamedForm(ValueForm()), "Work values out; later steps read them as `<id>.<name>`."),
    Key("wait", BlockForm("wait"), "Let time pass."),
    Key("wait_for", BlockForm("wait_for"), "Wait until something has happened."),
    Key("approve", BlockForm("approve"), "Ask people whether to go on."),
    Key("stop_unless", FormulaForm("stats.ctr >= vars.floor"), "End here unless this holds."),
    Key("choose", ListForm(BlockForm("branch"), most=MAX_BRANCHES), "Take the steps of the first branch that holds."),
    Key("for_each", BlockForm("for_each"), "Take steps for every item of a list."),
    Key("parallel", BlockForm("parallel"), "Take branches beside each other."),
    Key("run", TextForm("workflow", "welcome-buyer"), "Run another workflow, one that is started by hand."),
    Key("emit", BlockForm("emit"), "Tell other workflows, by an event of our own."),
)
VERB_NAMES = tuple(verb.name for verb in VERBS)

STEP = Block(
    "step",
    "a step",
    (
        Key("id", TextForm(example="raise"), "The step's name; later steps read what it gave by it.", required=True),
        *VERBS,
        Key("if", FormulaForm("target.amount > 10 USD"), "Skip the step unless this holds."),
        Key(
            "with",
            ValueForm("object"),
            "What is given to the operation or workflow, by the names it has there.",
            goes_with=("call", "run"),
        ),
        Key(
            "once",
            ListForm(ValueForm()),
            "Of all such calls with these values, by any run of this workflow, only one is ever made.",
            goes_with=("call",),
        ),
        Key(
            "expects",
            ListForm(FormulaForm("stats.budget")),
            "What was read before and must still be so when it matters; it is read again then.",
            goes_with=("call", "approve"),
        ),
        Key("retry", BlockForm("retry"), "How often and how long the call is tried.", goes_with=("call",)),
        Key(
            "timeout",
            DurationForm(YEAR),
            "How long the step may take.",
            default="as long as the run",
            goes_with=("call", "run", "for_each", "parallel"),
        ),
        Key(
            "on_error",
            ChoiceForm(ENDS, or_step=True),
            "What follows when the step fails: the run stops, fails, goes on, or goes on at a later step beside it.",
            default="fail",
        ),
        Key("was", ListForm(TextForm(), most=20, or_one=True), "Names the step had in earlier versions."),
    ),
    one_of=VERB_NAMES,
    called="verb",
    advice="make it a step of its own",
)

RETRY = Block(
    "retry",
    "'retry'",
    (
        Key("attempts", WholeNumberForm(1, 100), "How often it is tried.", default="6"),
        Key("within", DurationForm(MONTH), "How long it is tried.", default="6h"),
    ),
)

WAIT = Block(
    "wait",
    "'wait'",
    (
        Key("for", DurationForm(YEAR, may_be_formula=True), "How long, from now or from `from`."),
        Key("from", ValueForm(), "The instant from which to count: a formula.", goes_with=("for",)),
        Key("until", ValueForm(), 'A time of day such as "09:00", the next one to come, or a formula for an instant.'),
        Key("zone", ValueForm(), "Whose clocks show that time of day.", goes_with=("until",)),
    ),
    one_of=("for", "until"),
)

LOOKBACK = Key(
    "lookback",
    DurationForm(MONTH),
    "An event that came no longer ago than this counts as well.",
    default="only what comes from now on",
    goes_with=("event",),
)

WAIT_FOR = Block(
    "wait_for",
    "'wait_for'",
    (
        Key("event", EVENTS, "The type of event to wait for, or a list of types.", needs=("match",)),
        Key("match", MATCH, "Which one of them is meant; `it` is the event that came.", goes_with=("event",)),
        LOOKBACK,
        Key("all", NamedForm(BlockForm("awaited"), most=MAX_AWAITED), "Several events by names: all must come."),
        Key("any", NamedForm(BlockForm("awaited"), most=MAX_AWAITED), "Several events by names: one is enough."),
        Key("expires", DurationForm(YEAR), "How long to wait.", required=True),
        Key(
            "on_timeout",
            ChoiceForm(ENDS),
            "What follows when nothing came by then.",
            default="fail",
        ),
    ),
    one_of=("event", "all", "any"),
)

AWAITED = Block(
    "awaited",
    "an event that is waited for",
    (
        Key("event", EVENTS, "The type of event, or a list of types.", required=True),
        Key("match", MATCH, "Which one of them is meant; `it` is the event that came.", required=True),
        LOOKBACK,
    ),
)

APPROVE = Block(
    "approve",
    "'approve'",
    (
        Key("title", TextForm(example="Raise {{ event.data.id }}?"), "The question, in a line.", required=True),
        Key(
            "from",
            ListForm(TextForm("role", "budget-approvers"), most=20, or_one=True),
            "The role, or roles, of whom to ask.",
            required=True,
        ),
        Key("count", WholeNumberForm(1, 20), "How many different people must agree.", default="1"),
        Key(
            "exclude",
            ListForm(ChoiceForm(("requester", "author")), may_be_empty=True),
            "Who may not agree: who started the run, who applied this version of the workflow.",
            default="[requester]",
        ),
        Key("show", NamedForm(ValueForm()), "The numbers they decide on, as they are at that moment."),
        Key(
            "tolerance",
            PercentForm(),
            "How far what the step `expects` may have moved by the time they agree; beyond it they are asked again.",
            default="not at all",
        ),
        Key("expires", DurationForm(YEAR), "How long to wait for them.", required=True),
        Key("on_timeout", ChoiceForm(ENDS), "What follows when they did not decide by then.", default="stop"),
        Key("on_deny", ChoiceForm(ENDS), "What follows when one of them says no.", default="stop"),
    ),
)

BRANCH = Block(
    "branch",
    "a branch",
    (
        Key("if", FormulaForm("stats.ctr > 2%"), "The branch is taken where this holds.", needs=("steps",)),
        Key("steps", STEPS, "What is done then.", goes_with=("if",)),
        Key("otherwise", STEPS, "In the last branch: what is done where none before it holds."),
    ),
    one_of=("if", "otherwise"),
)

FOR_EACH = Block(
    "for_each",
    "'for_each'",
    (
        Key("in", ValueForm("list"), "The list, as a formula; its items are called `item`.", required=True),
        Key("at_most", WholeNumberForm(1, 1000), "A longer list fails the step.", default="100"),
        Key("concurrency", WholeNumberForm(1, 50), "How many items at a time.", default="1"),
        Key(
            "on_item_error",
            ChoiceForm(("continue", "fail")),
            "Whether an item that fails leaves the others alone, or fails the step.",
            default="continue",
        ),
        Key("result", ValueForm(), "What is kept of each item that was done."),
        Key("steps", STEPS, "What is done for each.", required=True),
    ),
)

PARALLEL = Block(
    "parallel",
    "'parallel'",
    (
        Key("until", ChoiceForm(("all", "any")), "Until all branches are done, or until one is.", default="all"),
        Key("branches", NamedForm(STEPS, most=MAX_BRANCHES), "The branches by names, each with steps.", required=True),
    ),
)

EMIT = Block(
    "emit",
    "'emit'",
    (
        Key("event", TextForm("emitted", "stagedoor.buyer.welcomed"), "Its type: `stagedoor.<name>`.", required=True),
        Key("data", ValueForm("object"), "What it says; who listens reads it as event.data.", required=True),
        Key("subject", ValueForm(), "Whom or what it is about.", default="that of the event that started the run"),
    ),
)

TEST = Block(
    "test",
    "a test",
    (
        Key("name", TextForm(), "What it shows, in a sentence.", required=True),
        Key("given", BlockForm("given"), "What there is to begin with.", required=True),
        Key(
            "mock",
            NamedForm(PlainForm(), may_be_empty=True, names="operation"),
            "What vendors answer, by operation; what other workflows come to, by `run:<name>`. Instead of an answer: "
            "{refused: why}, {in_doubt: why} or {retry: why}. A list is answered one after the other.",
        ),
        Key("expect", BlockForm("expect"), "What must come of it.", required=True),
    ),
)

ONE_EVENT = EitherForm((TextForm(example="fixtures/created.json"), PlainForm("object")))

GIVEN = Block(
    "given",
    "'given'",
    (
        Key(
            "event",
            ONE_EVENT,
            "The event that starts the run: written out, or the path of a JSON file.",
            excludes=("inputs",),
        ),
        Key("inputs", PlainForm("object"), "What a workflow is given that is started by hand."),
        Key("events", ListForm(BlockForm("coming"), most=50), "Events that come later, or came before."),
        Key(
            "approvals",
            NamedForm(
                EitherForm((ChoiceForm(DECISIONS), BlockForm("decision"), ListForm(BlockForm("decision"), most=20)))
            ),
            "What people say, by the step that asks them; a list is what they say one time after the other.",
            default="nobody",
        ),
        Key(
            "brand",
            EitherForm((TextForm("brand"), PlainForm("object"))),
            "The brand, or fields of it that are different.",
        ),
        Key("now", TextForm(example="2026-03-01T15:00:00Z"), "When it takes place."),
    ),
)

COMING = Block(
    "coming",
    "an event that comes",
    (
        Key("event", ONE_EVENT, "The event: written out, or the path of a JSON file.", required=True),
        Key("after", DurationForm(YEAR), "How long after the run was started."),
        Key("before", DurationForm(YEAR), "How long before that."),
    ),
    one_of=("after", "before"),
)

DECISION = Block(
    "decision",
    "a decision",
    (
        Key("decision", ChoiceForm(DECISIONS), "What they say.", required=True),
        Key("by", ListForm(TextForm(), most=20, or_one=True), "Who says it.", default="as many as are needed"),
        Key("reason", TextForm(), "Why."),
        Key("after", DurationForm(YEAR), "How long after they were asked.", default="at once"),
    ),
)

EXPECT = Block(
    "expect",
    "'expect'",
    (
        Key("status", ChoiceForm(STATUSES), "How the run ends."),
        Key("at", TextForm(), "The step it ends at."),
        Key("reason", TextForm(), "A part of the reason it gives."),
        Key(
            "calls",
            ListForm(EitherForm((TextForm("operation"), PlainForm("object"))), may_be_empty=True),
            "The calls it makes, in order, each perhaps with some of its inputs.",
        ),
        Key(
            "emitted",
            ListForm(EitherForm((TextForm("event"), PlainForm("object"))), may_be_empty=True),
            "The events it emits, in order, each perhaps with some of its data.",
        ),
        Key(
            "waits",
            ListForm(EitherForm((TextForm(), PlainForm("object"))), may_be_empty=True),
            "The steps that wait, in order, each perhaps with how long.",
        ),
        Key(
            "approvals",
            ListForm(EitherForm((TextForm(), PlainForm("object"))), may_be_empty=True),
            "The steps that ask people, in order, each perhaps with its title and some of the numbers it shows.",
        ),
        Key("result", PlainForm(), "The workflow's result, or some of it."),
        Key("elapsed", DurationForm(YEAR), "How long it takes, from the event that starts it."),
        Key(
            "runs",
            ListForm(ChoiceForm(STATUSES), may_be_empty=True),
            "How every run of the workflow ends, where more than one is started.",
        ),
    ),
)

BLOCKS: Mapping[str, Block] = {
    block.name: block
    for block in (
        WORKFLOW,
        WHEN,
        MANUAL,
        INPUT,
        RUN,
        CONCURRENCY,
        CANCEL_ON,
        DEBOUNCE,
        BATCH,
        STEP,
        RETRY,
        WAIT,
        WAIT_FOR,
        AWAITED,
        APPROVE,
        BRANCH,
        FOR_EACH,
        PARALLEL,
        EMIT,
        TEST,
        GIVEN,
        COMING,
        DECISION,
        EXPECT,
    )
}
"""Every block by name; the first one is the file as a whole."""


def blocks_of(form: Form) -> Iterator[Block]:
    """The blocks a form leads to at once."""
    match form:
        case BlockForm(name):
            yield BLOCKS[name]
        case ListForm(item=item) | NamedForm(item=item):
            yield from blocks_of(item)
        case EitherForm(forms):
            for one in forms:
                yield from blocks_of(one)
