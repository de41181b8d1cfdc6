"""Time zones of people in SQL."""


def known_zone(column: str) -> str:
    """SQL: the zone in a column, or UTC where it is empty or no zone that PostgreSQL knows.

    A name that cannot be used concerns that person alone; as it stands it would end the statement
    for everybody.
    """
    valid = f"pg_input_is_valid('2000-01-01 00:00 ' || {column}, 'timestamp with time zone')"
    return f"CASE WHEN {valid} THEN {column} ELSE 'UTC' END"
