//! The parts that the pages are made of, one a file.

pub(crate) mod account_link;
pub(crate) mod amount;
pub(crate) mod brand;
pub(crate) mod cairn;
pub(crate) mod chart;
pub(crate) mod copy;
pub(crate) mod empty;
pub(crate) mod fact;
pub(crate) mod failure;
pub(crate) mod frame;
pub(crate) mod hash;
pub(crate) mod heading;
pub(crate) mod icon;
pub(crate) mod keyed;
pub(crate) mod link_state;
pub(crate) mod loaded;
pub(crate) mod markup;
pub(crate) mod search_box;
pub(crate) mod shown;
pub(crate) mod skeleton;
pub(crate) mod stack;
pub(crate) mod stone;
pub(crate) mod theme_switch;
pub(crate) mod transfer_row;
pub(crate) mod trust;
pub(crate) mod when;
