//! The signs of the navigation: lines of one weight, on a square of 24.

use leptos::prelude::*;

/// Which sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    /// A stack.
    Overview,
    /// A purse.
    Wallet,
    /// A lens over lines.
    Explorer,
    /// Stones that wait above the ground.
    Mempool,
    /// Three joined points.
    Network,
    /// A lens.
    Search,
    /// A sheet on a sheet.
    Copy,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Overview => {
                "M4 17.500c0-2 3-3 8-3s8 1 8 3-3 3-8 3-8-1-8-3ZM7 11.700c0-1.800 2-2.700 5-2.700s5 .9 5 2.700-2 2.800-5 2.800-5-1-5-2.800ZM9 6.300C9 4.700 10.200 4 12 4s3 .7 3 2.300S13.800 9 12 9 9 7.900 9 6.300Z"
            }
            Self::Wallet => {
                "M4 8.500C4 6.500 5.500 5.500 8 5.500h8c2.500 0 4 1 4 3v7c0 2-1.500 3-4 3H8c-2.500 0-4-1-4-3ZM20 10.500h-4.500a1.800 1.800 0 0 0 0 3.600H20"
            }
            Self::Explorer => "M4 6.500h9M4 11.500h5M4 16.500h5M15 10.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM18 17.500l3 3",
            Self::Mempool => {
                "M3 20h18M5 15c0-1.500 1.500-2.200 4-2.200s4 .7 4 2.200-1.500 2.300-4 2.300S5 16.500 5 15ZM13 8.500c0-1.300 1.200-2 3-2s3 .7 3 2-1.200 2-3 2-3-.7-3-2ZM7 4.500h2"
            }
            Self::Network => {
                "M12 4a2.200 2.200 0 1 0 0 4.400A2.200 2.200 0 0 0 12 4ZM5.500 15a2.200 2.200 0 1 0 0 4.400 2.200 2.200 0 0 0 0-4.400ZM18.500 15a2.200 2.200 0 1 0 0 4.400 2.200 2.200 0 0 0 0-4.400ZM10.900 8.100 6.600 15.200M13.100 8.100l4.300 7.100M7.700 17.200h8.600"
            }
            Self::Copy => {
                "M9 10.500C9 9.200 9.800 8.500 11 8.500h6.500c1.300 0 2 .8 2 2V18c0 1.300-.8 2-2 2H11c-1.300 0-2-.8-2-2ZM15.500 5.500c0-1-.8-1.500-2-1.500H6.500c-1.300 0-2 .8-2 2v7.500c0 1.200.5 2 1.500 2"
            }
            Self::Search => "M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12ZM15 15l4.500 4.500",
        }
    }
}

/// A sign beside a word that says the same.
#[component]
pub(crate) fn IconSign(
    /// Which.
    icon: Icon,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <path d=icon.path() />
        </svg>
    }
}
