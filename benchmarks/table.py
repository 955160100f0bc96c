"""The results as a table, each with its verdict. Nothing of the machine but its number of processors and versions."""

QUERIES, GROWTH, MEMORY_MB, SWEEP_SECONDS = 12, 1.5, 120, 10
#: Milliseconds a step may take while everything is counted: a lock would show in seconds.
LONGEST_WAIT = 1000


def number(value: float, places: int = 1) -> str:
    return f"{value:,.{places}f}".replace(",", " ").replace(".", ",")


def thousands(value: int) -> str:
    return f"{value:,}".replace(",", ".")


def judged(large: dict, small: dict | None) -> list[str]:
    """What of a row is not as demanded; empty when all is well."""
    bad = []
    most = large.get("most") or QUERIES
    if large["queries"] > most and not large.get("is_step"):
        bad.append(f"mehr als {most} Abfragen")
    if large["limit"] and large["times"] > large["limit"]:
        bad.append(f"über {large['limit']}×")
    if small:
        if small["queries"] != large["queries"]:
            bad.append(f"klein {small['queries']} Abfragen")
        if large["limit"] and large["ms"] > small["ms"] * GROWTH:
            bad.append("wächst")
    return bad


def lines(results: dict) -> tuple[list[str], int]:
    """Markdown, and how many verdicts are bad."""
    large, small = results["large"], results.get("small")
    out, bad = [], 0
    if "pages" in large:
        before = {(row["name"], row["role"]): row for row in small["pages"]} if small else {}
        out += [
            "| Seite | Rolle | Abfragen | ms | × nackt | erlaubt | Wachstum | Urteil |",
            "|---|---|---:|---:|---:|---:|---:|---|",
        ]
        for row in large["pages"]:
            other = before.get((row["name"], row["role"]))
            wrong = judged(row, other)
            bad += bool(wrong)
            growth = number(row["ms"] / other["ms"], 2) if other else "–"
            limit = f"{row['limit']}×" if row["limit"] else "–"
            out.append(
                f"| {row['name']} | {row['role']} | {row['queries']} | {number(row['ms'])} | {number(row['times'])} | "
                f"{limit} | {growth} | {', '.join(wrong) or 'gut'} |"
            )
        memory = large["memory"]
        bad += memory > MEMORY_MB
        bare = number(sum(row["bare"] for row in large["pages"]) / max(len(large["pages"]), 1))
        out += [
            "",
            f"* Nackte Seite (Sitzung und Konto, 20 kB Text): {bare} ms im Mittel der Mediane.",
            f"* Speicher des Web-Arbeiters nach allem: {number(memory, 0)} MB, erlaubt {MEMORY_MB} MB: "
            f"{'gut' if memory <= MEMORY_MB else 'zu viel'}.",
        ]
    if sweep := large.get("sweep"):
        good = max(sweep["seconds"], sweep["resumed_seconds"]) <= SWEEP_SECONDS
        bad += not good
        out.append(
            f"* Lauf am Morgen über {thousands(sweep['open'])} offene Knackpunkte, {thousands(sweep['due'])} fällig "
            f"({thousands(sweep['written'])} Erinnerungen): {number(sweep['seconds'])} s. Nach "
            f"{thousands(sweep['killed_at'])} getötet (SIGKILL) und fortgesetzt: {number(sweep['resumed_seconds'])} s, "
            f"dieselben Erinnerungen, keine doppelt. Erlaubt {SWEEP_SECONDS} s: {'gut' if good else 'zu langsam'}."
        )
    for words, good in reported(results):
        bad += not good
        out.append(f"* {words}")
    return out, bad


def reported(results: dict) -> list[tuple[str, bool]]:
    """Sentences about counting and publishing (benchmarks/reports.py), each with whether it is as demanded."""
    told, small = results["large"].get("counting"), results.get("small", {}).get("counting")
    if not told:
        return []
    grown = f", im kleinen Bestand {number(small['first'])} s" if small else ""
    live = ", ".join(f"{name} {number(ms, 0)} ms" for name, ms in told["live"].items())
    waits = told["waits"]
    return [
        (f"Erste Zählung aller Tage und Gebiete ({thousands(told['rows'])} Tagesstände): {number(told['first'])} s"
         f"{grown}. "
         f"Nach einem Schritt neu gezählt: {number(told['again'])} s, {told['changed']} Zeilen geschrieben. "
         f"Seither nichts geschrieben: {number(told['idle'] * 1000, 0)} ms.", True),
        (f"Veröffentlichen der Fallarbeit ({thousands(told['tables'])} Tabellen, {told['periods']} Zeiträume): "
         f"{number(told['publish'])} s{', manche Zeiträume abgelehnt' if told['refused'] else ''}.",
         not told["refused"]),
        (f"Zum Vergleich, unmittelbar aus den Zeilen: {live}.", True),
        (f"Schritte, während gezählt wird: {waits['during']} in {number(waits['seconds'])} s, der längste "
         f"{number(waits['longest'], 0)} ms, im Median {number(waits['median'], 0)} ms; ohne Zählung der längste "
         f"{number(waits['longest_alone'], 0)} ms, im Median {number(waits['median_alone'], 0)} ms. Erlaubt "
         f"{LONGEST_WAIT} ms: {'gut' if waits['longest'] <= LONGEST_WAIT else 'zu lang'}.",
         waits["longest"] <= LONGEST_WAIT),
    ]  # fmt: skip


def heading(results: dict) -> list[str]:
    versions, built = results["large"]["versions"], results["large"].get("built")
    out = [
        f"## {'PostgreSQL' if versions['engine'] == 'postgresql' else 'SQLite'} {versions['version']}",
        "",
        f"{versions['cpus']} Prozessoren, Python {versions['python']}, Django {versions['django']}, gunicorn "
        f"{versions['gunicorn']} mit einem Arbeiter. Last des Rechners in den letzten fünf Minuten: "
        f"{number(results['large']['load'])}.",
    ]
    if built and "notices" in built:
        out.append(
            f"{thousands(built['issues'])} Knackpunkte aus fünf Jahren ({thousands(built['open'])} offen, "
            f"{thousands(built['steps'])} Schritte), {thousands(built['consultations'])} Beratungen in "
            f"{thousands(built['cases'])} Fällen, {thousands(built['posts'])} Stellen, {built['notices']} Bescheide; "
            f"gebaut in {number(built['seconds'], 0)} s."
        )
    elif built and "cases" in built:
        small = results.get("small", {}).get("built")
        out.append(
            f"{thousands(built['cases'])} Fälle, {thousands(built['consultations'])} Beratungen; gebaut in "
            f"{number(built['seconds'], 0)} s."
            + (f" Wachstum gegenüber {thousands(small['cases'])} Fällen." if small else "")
        )
    elif built:
        small = results.get("small", {}).get("built")
        out.append(
            f"{thousands(built['open'])} offene Knackpunkte ({thousands(built['due'])} fällig), mit den beendeten "
            f"{thousands(built['issues'])}, {thousands(built['steps'])} Schritte; gebaut in "
            f"{number(built['seconds'], 0)} s."
            + (f" Wachstum gegenüber {thousands(small['open'])} offenen." if small else "")
        )
    return [*out, ""]
