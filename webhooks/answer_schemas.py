"""What the door's answers hold, as schemas: OpenAPI is made from them, and tests hold every answer against it."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class ProblemSchema(Schema):
    """One thing that is wrong: what, where, and what would be right."""

    code = fields.String(required=True, metadata={"description": "a word for programs: `missing`, `not_authentic` …"})
    message = fields.String(required=True, metadata={"description": "a sentence for people"})
    path = fields.String(metadata={"description": "where in the body, as a JSON path"})
    hint = fields.String(metadata={"description": "what would be right"})
    severity = fields.String(validate=validate.OneOf(["error", "warning"]))


class StoredSchema(Schema):
    """The webhook is in the ledger."""

    delivery = fields.UUID(required=True, metadata={"description": "its id; of a repeat the first delivery's"})


class RefusedSchema(Schema):
    """The webhook is not stored, or another request cannot be answered."""

    problems = fields.List(fields.Nested(ProblemSchema), required=True, validate=validate.Length(min=1))


class RejectedSchema(Schema):
    """The webhook is kept, with what is wrong with it, and starts nothing until it is examined again."""

    problems = fields.List(fields.Nested(ProblemSchema), required=True, validate=validate.Length(min=1))
    delivery = fields.UUID(metadata={"description": "its id; where it is missing, nothing is kept"})


class LiveSchema(Schema):
    """The process answers."""

    status = fields.String(required=True, validate=validate.OneOf(["live"]))


class ReadySchema(Schema):
    """Webhooks can be stored and are taken in."""

    status = fields.String(required=True, validate=validate.OneOf(["ready"]))
