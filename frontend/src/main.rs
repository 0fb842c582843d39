//! The page: mounts the application into the shell that index.html has already painted.

mod app;
mod components;
mod pages;

fn main() {
    leptos::mount::mount_to_body(app::App);
}
