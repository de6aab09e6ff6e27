"""Processes that share the database: their shares of the account's limits, and identifies.

`parley_look` is what each process calls once a second, in one round trip. It is a function because
it has to see what others wrote while it waited for its turn, which one statement can't.
"""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0006"
down_revision = "0005"

_LOOK = """
CREATE FUNCTION parley_look(me bigint, reports jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz;
    v_alive bigint[];
    v_held bigint[];
    v_fewest bigint;
    v_mine processes%ROWTYPE;
    v_away boolean;
    v_report record;
    v_others bigint;
    v_elsewhere bigint;
    v_free bigint;
    v_fair bigint;
    v_granted bigint;
    v_alone bigint;
    v_shares jsonb := '{}';
BEGIN
    PERFORM pg_advisory_xact_lock(1885434471, 0);
    v_now := clock_timestamp();

    -- A process is alive while its connection holds the lock on its number (1885434480), and owns
    -- the shards whose locks (1885434483) the same connection holds.
    WITH locks AS (
        SELECT pid, classid::bigint AS kind, objid::bigint AS number FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ), owners AS (
        SELECT process.number, count(shard.number) AS shards
        FROM locks process
        LEFT JOIN locks shard ON shard.pid = process.pid AND shard.kind = 1885434483
        WHERE process.kind = 1885434480
        GROUP BY process.number
    )
    SELECT coalesce((SELECT array_agg(number) FROM owners), '{}'),
        coalesce((SELECT min(shards) FROM owners), 0),
        coalesce((SELECT array_agg(number) FROM locks WHERE kind = 1885434483), '{}')
    INTO v_alive, v_fewest, v_held;

    SELECT * INTO v_mine FROM processes WHERE id = me;
    v_away := coalesce(v_mine.seen < v_now - interval '5 seconds', false);

    -- Whoever is gone may have used all that it was granted, up to the moment when its connection
    -- was lost: a few seconds after it was seen last. If the database was away meanwhile, it may
    -- have used what it has without asking, up to now.
    UPDATE budgets b SET bound = greatest(b.bound, b.alone) FROM processes p
    WHERE p.id = b.process AND p.gone IS NULL AND p.id <> ALL (v_alive)
    AND (v_away OR pg_postmaster_start_time() > p.seen);
    UPDATE processes SET gone = CASE
        WHEN v_away OR pg_postmaster_start_time() > seen THEN v_now
        ELSE least(v_now, seen + interval '6 seconds') END
    WHERE gone IS NULL AND id <> ALL (v_alive);
    DELETE FROM budgets b USING processes p
    WHERE p.id = b.process AND p.gone < v_now - interval '62 seconds';
    DELETE FROM processes WHERE gone < v_now - interval '62 seconds';

    INSERT INTO processes (id, since, seen) VALUES (me, v_now, v_now)
    ON CONFLICT (id) DO UPDATE SET seen = v_now, gone = NULL
    RETURNING * INTO v_mine;

    FOR v_report IN SELECT * FROM jsonb_to_recordset(reports)
        AS r(name text, most bigint, used bigint, kept bigint, wanted bigint, rate boolean)
    LOOP
        SELECT coalesce(sum(b.bound), 0), coalesce(sum(b.used), 0) INTO v_others, v_elsewhere
        FROM budgets b JOIN processes p ON p.id = b.process
        WHERE b.name = v_report.name AND b.process <> me
        AND (v_report.rate OR p.gone IS NULL);
        v_free := greatest(0, v_report.most - v_others - v_report.kept);
        v_fair := v_report.most / greatest(1, cardinality(v_alive));
        -- Up to a fair part all that is free; beyond it, half of that: others may come.
        v_granted := v_report.kept + least(
            v_report.wanted, v_free, greatest(v_fair - v_report.kept, (v_free + 1) / 2));
        -- Others may not know yet of a process that has just come.
        v_alone := CASE WHEN v_mine.since < v_now - interval '5 seconds' THEN v_fair ELSE 0 END;
        INSERT INTO budgets (process, name, used, bound, alone)
        VALUES (me, v_report.name, v_report.used, v_granted, v_alone)
        ON CONFLICT (process, name) DO UPDATE
        SET used = excluded.used, bound = excluded.bound, alone = excluded.alone;
        v_shares := v_shares || jsonb_build_object(v_report.name, jsonb_build_object(
            'granted', v_granted, 'free', v_free + v_report.kept - v_granted,
            'alone', v_alone, 'elsewhere', v_elsewhere));
    END LOOP;

    RETURN jsonb_build_object(
        'processes', cardinality(v_alive),
        'fewest', v_fewest,
        'taken', to_jsonb(v_held),
        'settled', pg_postmaster_start_time() < v_now - interval '5 seconds',
        'shares', v_shares);
END
$$
"""


def upgrade(op: Operations) -> None:
    """Add the tables, and on PostgreSQL the function; SQLite serves one process."""
    op.create_table(
        "processes",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_processes"),
    )
    op.create_table(
        "budgets",
        sa.Column("process", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("bound", sa.BigInteger, nullable=False),
        sa.Column("alone", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("process", "name", name="pk_budgets"),
    )
    op.create_table(
        "identifies",
        sa.Column("bucket", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="pk_identifies"),
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute(_LOOK)
