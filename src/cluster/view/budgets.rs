//! Which PodDisruptionBudgets are in force: commands bring some and take some away.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::cluster::object::command::CommandAction;
use crate::system::State;
use crate::term::Bool;

use super::View;

impl<'c> View<'c> {
    /// Whether a budget of the cluster is in force: no command that brings it is yet to come, and none that ends it was given.
    pub fn is_in_force(&self, state: &State<'c>, budget: &PodDisruptionBudget) -> Bool<'c> {
        let ctx = self.ctx();
        let position = self.spec.disruption_budgets.iter().position(|it| std::ptr::eq(it, budget));
        let (Some(position), Some(given)) = (position, self.commands_given) else { return ctx.bool(true) };
        let is_given = |which: &dyn Fn(&CommandAction) -> bool| {
            let at = self.spec.scenario.commands.iter().position(|command| which(&command.action))?;
            Some(state.get(given).gt(at as i64))
        };
        let begins = |action: &CommandAction| matches!(action, CommandAction::Budget { begins, .. } if *begins == Some(position));
        let ends =
            |action: &CommandAction| matches!(action, CommandAction::Budget { ends, .. } if *ends == Some(position));
        let has_begun = is_given(&begins).unwrap_or_else(|| ctx.bool(true));
        let has_ended = is_given(&ends).unwrap_or_else(|| ctx.bool(false));
        has_begun & !has_ended
    }
}
