//! Jobs and CronJobs.

use crate::repair::edit::Preference;

use super::offers::{Field, Group, Offers, Try};

/// How Jobs of a CronJob overlap.
pub static GROUP: Group = Group { rules: &["cronjob/", "job/"], offer };

fn offer(offers: &mut Offers<'_>) {
    for job in offers.objects.of_kind("CronJob") {
        let policy = Field::own(job, "spec.concurrencyPolicy");
        let forbid = Try::put("Forbid", 1, Preference::Tunes, "a Job is left out while the one before is not done");
        let replace = Try::put("Replace", 2, Preference::Weakens, "a Job is killed when the next one is due");
        let now = policy.value().as_str().unwrap_or("Allow").to_owned();
        let tries = [("Forbid", forbid), ("Replace", replace)].into_iter().filter(|(name, _)| *name != now);
        offers.offer(&policy, tries.map(|(_, one)| one));
    }
}
