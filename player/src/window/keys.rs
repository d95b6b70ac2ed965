//! What the viewer wants, from SDL's events.

use sdl2::{
    event::{Event, WindowEvent},
    keyboard::Keycode,
};

/// One wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    Quit,
    Pause,
    /// By so many seconds.
    Seek(i64),
    Fullscreen,
    Mute,
    /// What fills a break, where that is allowed.
    Skip,
    /// By so many percent.
    Louder(i8),
    /// The window was uncovered or has another size.
    Redraw,
}

pub(super) fn action(event: &Event) -> Option<Action> {
    match *event {
        Event::Quit { .. } => Some(Action::Quit),
        Event::Window {
            win_event: WindowEvent::Exposed | WindowEvent::SizeChanged(..),
            ..
        } => Some(Action::Redraw),
        Event::KeyDown {
            keycode: Some(key),
            repeat,
            ..
        } => key_action(key).filter(|action| !repeat || matches!(action, Action::Louder(_))),
        _ => None,
    }
}

fn key_action(key: Keycode) -> Option<Action> {
    let action = match key {
        Keycode::SPACE | Keycode::K => Action::Pause,
        Keycode::LEFT => Action::Seek(-5),
        Keycode::RIGHT => Action::Seek(5),
        Keycode::J => Action::Seek(-10),
        Keycode::L => Action::Seek(10),
        Keycode::F => Action::Fullscreen,
        Keycode::M => Action::Mute,
        Keycode::S => Action::Skip,
        Keycode::UP | Keycode::PLUS | Keycode::EQUALS | Keycode::KP_PLUS => Action::Louder(5),
        Keycode::DOWN | Keycode::MINUS | Keycode::KP_MINUS => Action::Louder(-5),
        Keycode::Q | Keycode::ESCAPE => Action::Quit,
        _ => return None,
    };
    Some(action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdl2::keyboard::Mod;

    fn pressed(key: Keycode, repeat: bool) -> Option<Action> {
        action(&Event::KeyDown {
            timestamp: 0,
            window_id: 0,
            keycode: Some(key),
            scancode: None,
            keymod: Mod::NOMOD,
            repeat,
        })
    }

    #[test]
    fn a_held_key_only_changes_the_volume() {
        assert_eq!(pressed(Keycode::SPACE, false), Some(Action::Pause));
        assert_eq!(pressed(Keycode::SPACE, true), None);
        assert_eq!(pressed(Keycode::L, true), None);
        assert_eq!(pressed(Keycode::UP, true), Some(Action::Louder(5)));
        assert_eq!(pressed(Keycode::X, false), None);
    }
}
