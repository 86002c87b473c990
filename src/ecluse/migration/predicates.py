"""The order's scope as SQL conditions, exact on every engine whatever its collations, folding and NULLs.

A condition that is NULL keeps a row out, so every one here is written to be NULL exactly where a row must stay.
Texts are compared byte for byte: a case-insensitive collation must not let ``rennes`` pass for ``RENNES``.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ecluse.domain.errors import InternalError, Location, OrderError
from ecluse.domain.order import DateRange
from ecluse.domain.profile import DateStorage
from ecluse.migration import firebird_sql

LOWER, UPPER, EXCLUDED = "lower", "upper", "excluded_persons"
_MAX_YEARS = 200
_LONG_MONTHS = [f"{month:02}" for month in (1, 3, 5, 7, 8, 10, 12)]
_LEAP_DAY = "02-29"
_TEXTS = {
    "oracle": exp.DataType.build("VARCHAR2(4000)", dialect="oracle"),
    "tsql": exp.DataType.build("NVARCHAR(4000)", dialect="tsql"),
}


def literal(text: str) -> exp.Expr:
    """A text literal, quoted by the dialect when written out."""
    if "\0" in text:
        raise InternalError("a NUL cannot stand in SQL")
    return exp.Literal.string(text)


def one_of(value: exp.Expr, texts: Iterable[str]) -> exp.Expr:
    """``value IN (…)``; nothing is in an empty list."""
    literals = [literal(text) for text in texts]
    if isinstance(value, exp.Cast) and value.to.this is exp.DataType.Type.VARBINARY:  # exact, of SQL Server
        literals = [_bytes_of(exp.National(this=each.this)) for each in literals]
    return exp.In(this=value.copy(), expressions=literals) if literals else exp.false()


def exact(value: exp.Expr, dialect: str) -> exp.Expr:
    """A text as bytes: no case folding, no padding, no accents ignored."""
    if dialect == "firebird":
        return firebird_sql.octets(value)
    text = as_text(value, dialect)
    if dialect == "tsql":
        return _bytes_of(text)  # its collations pad, even the binary ones
    if dialect == "mysql":
        return exp.cast(text, "binary", dialect="mysql")
    if dialect in {"postgres", "sqlite"}:
        collation = exp.to_identifier("C", quoted=True) if dialect == "postgres" else exp.var("BINARY")
        return exp.Paren(this=exp.Collate(this=text, expression=collation))
    return text


def as_text(value: exp.Expr, dialect: str) -> exp.Expr:
    """A key, site or code as text, as it is shown to people."""
    if dialect == "mysql":
        # The column's character set may be another than the connection's, in which literals arrive.
        kind = exp.DataType(this=exp.DataType.Type.CHARACTER_SET, kind=exp.var("utf8mb4"))
        return exp.Cast(this=value.copy(), to=kind)
    # An unbounded text can be neither compared nor grouped by in Oracle, and has no index in SQL Server.
    return exp.cast(value.copy(), _TEXTS.get(dialect, exp.DataType.build("text")))


def persons_out(person: exp.Expr, dialect: str) -> exp.Expr:
    """NULL-safe ``NOT IN (:excluded_persons)``.

    Where the engine compares keys loosely (case, padding), the exclusion does too: a request of ``p1`` joins the
    patient ``P1`` there.
    """
    hole = exp.Placeholder(this=EXCLUDED)
    loose = exp.In(this=person.copy(), expressions=[hole.copy()])
    strict = exp.In(this=exact(person, dialect), expressions=[hole.copy()])
    # Firebird pads, and its texts may fold case: as a text, in the column's own collation.
    folded = exp.In(this=exp.DPipe(this=person.copy(), expression=literal("")), expressions=[hole.copy()])
    padded = exp.In(this=as_text(person, dialect), expressions=[hole.copy()])
    found = {
        "mysql": [loose], "sqlite": [strict, loose], "firebird": [strict, folded], "tsql": [padded]
    }.get(dialect, [strict])  # fmt: skip
    missing = exp.Is(this=person.copy(), expression=exp.null())
    return exp.paren(exp.or_(missing, exp.and_(*(exp.not_(condition) for condition in found))))


def within(date: exp.Expr, storage: DateStorage, dates: DateRange, dialect: str) -> list[exp.Expr]:
    """Days of the range, both included, as a half-open range on the bare column so that an index serves.

    A text that is no day (``20190230``) sorts inside a range without being in it: it cannot be shown to be in scope,
    and stays. Raises ``OrderError`` for a range of more than 200 years.
    """
    years = range(dates.from_.year, dates.until.year + 1)
    if len(years) > _MAX_YEARS:
        raise OrderError("dates span more than 200 years", location=Location(field="scope.dates"))
    after = dates.until + dt.timedelta(days=1)
    conditions: list[exp.Expr] = [
        exp.GTE(this=date.copy(), expression=_dated(literal(stored(dates.from_, storage)), storage, dialect)),
        exp.LT(this=date.copy(), expression=_dated(literal(stored(after, storage)), storage, dialect)),
    ]
    readable = _readable(date, text_form(storage, dialect), years, dialect)
    # A CASE hides these tests from planners that would multiply their guesses and take the rows for few.
    return [*conditions, _case(readable)] if readable is not None else conditions


def text_form(storage: DateStorage, dialect: str) -> DateStorage | None:
    """The text form in which the engine holds a date, or None where it has real dates. SQLite has none."""
    if storage in {DateStorage.TEXT_COMPACT, DateStorage.TEXT_ISO}:
        return storage
    return DateStorage.TEXT_ISO if dialect == "sqlite" else None


def stored(day: dt.date, storage: DateStorage) -> str:
    """A day as the source writes it, whose text sorts as dates do."""
    iso = day.isoformat()
    return iso.replace("-", "") if storage is DateStorage.TEXT_COMPACT else iso


def bounds(date: exp.Expr, storage: DateStorage, dialect: str = "") -> list[exp.Expr]:
    """``:lower`` and ``:upper`` (ISO days) on the scope date."""
    compact = storage is DateStorage.TEXT_COMPACT
    return [
        exp.GTE(this=date.copy(), expression=_dated(_hole(LOWER, compact=compact), storage, dialect)),
        exp.LT(this=date.copy(), expression=_dated(_hole(UPPER, compact=compact), storage, dialect)),
    ]


def key_bounds(key: exp.Expr, dialect: str) -> list[exp.Expr]:
    """``:lower`` and ``:upper`` on an entity's key, in the order of :func:`key_order`."""
    ordered = key_order(key, dialect)
    return [
        exp.GTE(this=ordered.copy(), expression=_hole(LOWER)),
        exp.LT(this=ordered.copy(), expression=_hole(UPPER)),
    ]


def key_order(key: exp.Expr, dialect: str) -> exp.Expr:
    """A key as it is sorted into batches.

    The bare column, whose index serves; but SQLite compares a number with a text literal by their types, unless both
    are texts.
    """
    return exact(key, dialect) if dialect == "sqlite" else key.copy()


def day_of(date: exp.Expr, storage: DateStorage, dialect: str) -> exp.Expr:
    """The day of a scope date, as a date or in its text form; NULL for what is of neither form."""
    form = text_form(storage, dialect)
    if form is None:
        if dialect == "oracle":  # whose DATE has a time of day
            return exp.Anonymous(this="TRUNC", expressions=[date.copy()])
        real = exp.cast(date.copy(), "date")
        return exp.Case().when(_real_day(date), real) if dialect == "mysql" else real
    shaped = _shape(date, form)
    day = _part(date, 1, 8 if form is DateStorage.TEXT_COMPACT else 10)
    return exp.Case().when(shaped, day)


def _dated(day: exp.Expr, storage: DateStorage, dialect: str) -> exp.Expr:
    """A day as a date where the engine reads a date's text as its session is set up, day or month first."""
    if storage not in {DateStorage.DATE, DateStorage.TIMESTAMP}:
        return day
    if dialect == "oracle":
        return exp.StrToDate(this=day, format=exp.Literal.string("%Y-%m-%d"))
    return exp.cast(day, "date") if dialect == "tsql" else day


def _bytes_of(text: exp.Expr) -> exp.Expr:
    return exp.Cast(this=text, to=exp.DataType.build("VARBINARY(8000)", dialect="tsql"))


def _hole(name: str, *, compact: bool = False) -> exp.Expr:
    hole = exp.Placeholder(this=name)
    if not compact:
        return hole
    return exp.Replace(this=hole, expression=literal("-"), replacement=literal(""))


def _case(condition: exp.Expr) -> exp.Expr:
    return exp.Case(default=exp.false()).when(condition, exp.true())


def _part(text: exp.Expr, start: int, length: int) -> exp.Expr:
    return exp.Substring(this=text.copy(), start=exp.Literal.number(start), length=exp.Literal.number(length))


def _shape(date: exp.Expr, form: DateStorage) -> exp.Expr:
    length = exp.Length(this=date.copy())
    if form is DateStorage.TEXT_COMPACT:
        return exp.EQ(this=length, expression=exp.Literal.number(8))
    dashes = [exp.EQ(this=_part(date, at, 1), expression=literal("-")) for at in (5, 8)]
    plain = exp.EQ(this=length, expression=exp.Literal.number(10))
    return exp.and_(*dashes, exp.or_(plain, one_of(_part(date, 11, 1), ("T", " "))))


def _readable(date: exp.Expr, form: DateStorage | None, years: Sequence[int], dialect: str) -> exp.Expr | None:
    if form is None:
        return _real_day(date) if dialect == "mysql" else None
    compact = form is DateStorage.TEXT_COMPACT

    def written(days: Iterable[str]) -> list[str]:
        return [day.replace("-", "") if compact else day for day in days]

    leaps = [f"{y:04}-{_LEAP_DAY}" for y in years if y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)]
    month, day = (_part(date, 5, 2), _part(date, 7, 2)) if compact else (_part(date, 6, 2), _part(date, 9, 2))
    not_february = exp.not_(exp.EQ(this=month.copy(), expression=literal("02")))
    days = [
        one_of(day, (f"{d:02}" for d in range(1, 29))),
        exp.and_(one_of(day, ("29", "30")), not_february),
        exp.and_(one_of(day, ("31",)), one_of(month, _LONG_MONTHS)),
        one_of(_part(date, 1, 8 if compact else 10), written(leaps)),
    ]
    year = one_of(_part(date, 1, 4), (f"{y:04}" for y in years))
    months = one_of(month, (f"{m:02}" for m in range(1, 13)))
    return exp.and_(_shape(date, form), year, months, exp.or_(*days))


def _real_day(date: exp.Expr) -> exp.Expr:
    """MariaDB and MySQL can hold ``2019-00-00`` and ``2019-02-31`` in a DATE."""
    day = exp.Anonymous(this="DAYOFMONTH", expressions=[date.copy()])
    last = exp.Anonymous(this="DAYOFMONTH", expressions=[exp.Anonymous(this="LAST_DAY", expressions=[date.copy()])])
    return exp.Between(this=day, low=exp.Literal.number(1), high=last)


def to_sql(tree: exp.Expr, dialect: str) -> str:
    """SQL text; placeholders are written ``:name`` in every dialect."""
    made = tree.copy()
    for hole in list(made.find_all(exp.Placeholder)):
        hole.replace(exp.var(f":{hole.this}"))
    if dialect in _TEXTS:
        made = _told(made, dialect)
    return made.sql(dialect=dialect, comments=False)


def _told(tree: exp.Expr, dialect: str) -> exp.Expr:
    """Oracle and SQL Server tell conditions from values; SQL Server's plain literals are of one code page."""
    for case in list(tree.find_all(exp.Case)):
        if isinstance(case.args.get("default"), exp.Boolean):
            for boolean in [case.args["default"], *(branch.args["true"] for branch in case.args["ifs"])]:
                boolean.replace(exp.Literal.number(int(boolean.this)))
            case.replace(exp.EQ(this=case.copy(), expression=exp.Literal.number(1)))
    for boolean in list(tree.find_all(exp.Boolean)):
        never = exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(int(boolean.this)))
        boolean.replace(exp.paren(never))
    for text in list(tree.find_all(exp.Literal)) if dialect == "tsql" else []:
        if text.is_string and not str(text.this).isascii():
            text.replace(exp.National(this=text.this))
    return tree


def bind(
    sql: str, dialect: str, *, lower: str | None = None, upper: str | None = None, excluded: Sequence[str] | None = None
) -> str:
    """A plan's query with a batch's bounds and the excluded persons' keys put in as literals.

    An open bound, and an empty list of persons, drop their condition.

    Args:
        sql: text of the plan, with ``:lower``, ``:upper`` and, if the order excludes persons, ``:excluded_persons``.
        dialect: sqlglot's name of the source's dialect.
        lower: first day (ISO) or key of the batch.
        upper: first day (ISO) or key after it.
        excluded: keys of the excluded persons, as text.

    Raises:
        InternalError: the query has a place for excluded persons and ``excluded`` is None: such a query never runs.
    """
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError:
        raise InternalError("a query of the plan does not parse") from None
    for name, text in ((LOWER, lower), (UPPER, upper)):
        for hole in _holes(tree, name):
            if text is None:
                _drop(hole)
            else:
                _fill(hole, text)
    for hole in _holes(tree, EXCLUDED):
        if excluded is None:
            raise InternalError("the order excludes persons, and no list of them was given")
        if excluded:
            owner = hole.parent
            if not isinstance(owner, exp.In):
                raise InternalError("the list of persons stands outside of IN")
            owner.set("expressions", [literal(person) for person in excluded])
        else:
            _drop(hole)
    return to_sql(tree, dialect)


def unbounded(tree: exp.Expr) -> exp.Expr:
    """A copy without batch bounds: the whole entity."""
    made = tree.copy()
    for name in (LOWER, UPPER):
        for hole in _holes(made, name):
            _drop(hole)
    return made


def _holes(tree: exp.Expr, name: str) -> list[exp.Placeholder]:
    return [hole for hole in tree.find_all(exp.Placeholder) if hole.this == name]


def _fill(hole: exp.Placeholder, text: str) -> None:
    parent = hole.parent
    if isinstance(parent, exp.Replace):
        parent.replace(literal(text.replace("-", "")))
    else:
        hole.replace(literal(text))


def _drop(hole: exp.Placeholder) -> None:
    """Take out the condition that a placeholder stands in: a part of a conjunction, so that TRUE is neutral."""
    condition = hole.find_ancestor(exp.GTE, exp.LT, exp.In)
    if condition is None:
        raise InternalError("a placeholder stands outside of its condition")
    if isinstance(condition, exp.In) and isinstance(condition.parent, exp.Not):
        condition = condition.parent
    owner = condition.parent
    if isinstance(owner, exp.And):
        owner.replace(owner.right if owner.left is condition else owner.left)
    else:
        condition.replace(exp.true())
