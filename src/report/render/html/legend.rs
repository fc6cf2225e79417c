//! How pods look: a colour and a pattern for each stage, so that neither is needed to tell them apart.

use maud::{Markup, html};

use super::chart::class;
use crate::check::timeline::Stage;

/// Patterns that the style sheet fills bars with. They are drawn nowhere themselves.
pub fn patterns() -> Markup {
    html! {
        svg class="patterns" width="0" height="0" aria-hidden="true" {
            defs {
                pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect class="ground starting" width="6" height="6" {}
                    rect class="ink starting" width="3" height="6" {}
                }
                pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect class="ground unready" width="6" height="6" {}
                    circle class="ink unready" cx="3" cy="3" r="1.6" {}
                }
                pattern id="stripes" width="4" height="4" patternUnits="userSpaceOnUse" {
                    rect class="ground terminating" width="4" height="4" {}
                    rect class="ink terminating" width="2" height="4" {}
                }
                pattern id="cross" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)" {
                    rect class="ground condition" width="7" height="7" {}
                    rect class="ink condition" width="1.5" height="7" {}
                }
            }
        }
    }
}

/// What looks like what, and which keys there are.
pub fn legend() -> Markup {
    html! {
        ul class="legend" aria-label="Legend" {
            @for stage in Stage::ALL {
                li {
                    svg width="34" height="14" aria-hidden="true" {
                        rect class=(class(stage)) x="1" y="1" width="32" height="12" rx="2" {}
                    }
                    " " (stage.words())
                }
            }
            li {
                svg width="34" height="14" aria-hidden="true" {
                    g class="condition" { rect x="1" y="1" width="32" height="12" {} }
                }
                " about the node"
            }
            li {
                svg width="16" height="16" aria-hidden="true" {
                    g class="mark" { circle cx="8" cy="8" r="6" {} }
                }
                " the cluster acts"
            }
            li {
                svg width="16" height="16" aria-hidden="true" {
                    g class="mark outside" { path d="M8 0 l8 8 l-8 8 l-8 -8 z" {} }
                }
                " from outside"
            }
            li class="keys" { "Choose a step: hover, click, or Tab and " kbd { "←" } " " kbd { "→" } " " kbd { "Home" } " " kbd { "End" } }
        }
        p class="aside" {
            "Pods of a kind on a node are alike: which of them goes on is not known, how many do is. "
            "Nodes with the same fate share a lane."
        }
    }
}
