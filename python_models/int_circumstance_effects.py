from dbt_project.effects.circumstances import effects
from dbt_project.plugin.working_day import ride_date


def model(dbt, session):
    last = ride_date()
    days = dbt.config.get("effect_days")
    # later days are left out when an earlier day is built again
    of_the_days = f"ride_date > date '{last}' - {days} and ride_date <= date '{last}'"
    judged = dbt.ref("daily_reports").filter(f"{of_the_days} and judgement = 'judged'")
    counts = dbt.ref("circumstance_counts").filter(of_the_days)
    return effects(
        counts.join(judged.project("ride_date"), "ride_date", "semi").df(),
        min_days=dbt.config.get("min_effect_days"),
    )
