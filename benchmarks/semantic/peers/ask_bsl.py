"""boring-semantic-layer over ibis, for the shape that one of its semantic tables defines.

A ratio of two facts needs a join there: ``join_one`` repeats rows without an error, ``join_many`` over a day did not finish
at these sizes. Trailing windows and period over period are written in ibis around it, not defined. Those shapes are not
written here, and shown as such.
"""

from datetime import date, timedelta

from asking import main

_NOT_DEFINED = {
    "five_by_month": "a ratio across facts",
    "conversion_by_week_and_channel": "a ratio across facts",
    "roas_by_channel_and_month": "a ratio across facts",
    "trailing_28_days": "a trailing window",
    "scorecard_of_eight": "a ratio across facts",
    "month_over_month": "a period over period",
}


def load(manifest, database):
    import ibis
    from boring_semantic_layer import to_semantic_table

    con = ibis.duckdb.connect(database, read_only=True)
    sessions = (
        to_semantic_table(con.table("fct_sessions", database="core"), name="sessions")
        .with_dimensions(metric_time__day=lambda t: t.started_at.date(), started_at=lambda t: t.started_at)
        .with_measures(sessions=lambda t: t.count())
    )

    def compile_one(name, question):
        if name in _NOT_DEFINED:
            raise NotImplementedError(f"{_NOT_DEFINED[name]} is not part of its definitions")
        start = date.fromisoformat(question["start"])
        end = date.fromisoformat(question["end"]) + timedelta(days=1)
        asked = sessions.filter(
            lambda t: (t.started_at >= ibis.timestamp(str(start))) & (t.started_at < ibis.timestamp(str(end)))
        )
        return str(asked.group_by("metric_time__day").aggregate("sessions").sql())

    return compile_one


if __name__ == "__main__":
    main(load)
