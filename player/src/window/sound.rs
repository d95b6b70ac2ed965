//! The sound device and its clock.

use std::time::Duration;

use sdl2::{
    AudioSubsystem,
    audio::{AudioQueue, AudioSpecDesired},
};

use super::lanes::{Heard, Run};

/// Channels that are played; other layouts are mixed to these.
pub(super) const CHANNELS: u8 = 2;
/// How much sound the device is given ahead.
const DEVICE_LEAD: Duration = Duration::from_millis(200);
/// Samples (of all channels) the device takes at a time.
const DEVICE_BUFFER: u16 = 1024;

/// See the module.
pub(super) struct Sound {
    system: Option<AudioSubsystem>,
    device: Option<Device>,
    volume: i8,
    muted: bool,
}

struct Device {
    queue: AudioQueue<f32>,
    rate: u32,
    /// Where in the title the queued sound ends.
    until: Option<Duration>,
    running: bool,
}

impl Sound {
    pub(super) fn new(sdl: &sdl2::Sdl) -> Self {
        let system = sdl.audio().map_err(|error| no_sound(&error)).ok();
        Self {
            system,
            device: None,
            volume: 100,
            muted: false,
        }
    }

    /// Moves sound from the run to the device. Without a device it is thrown away in time.
    pub(super) fn feed(&mut self, run: &mut Run) {
        let position = run.position();
        loop {
            let ahead = match &self.device {
                Some(device) => device.queued(),
                None => run.next_sound().map_or(Duration::ZERO, |heard| {
                    heard.span.from.saturating_sub(position)
                }),
            };
            if ahead >= DEVICE_LEAD {
                return;
            }
            let Some(heard) = run.take_sound() else {
                return;
            };
            self.open_for(&heard);
            self.play(&heard);
        }
    }

    /// Where in the title the device is; `None` without sound to go by.
    pub(super) fn position(&self) -> Option<Duration> {
        let device = self.device.as_ref().filter(|device| device.running)?;
        let queued = device.queued();
        if queued.is_zero() {
            return None;
        }
        device.until.map(|until| until.saturating_sub(queued))
    }

    pub(super) fn set_running(&mut self, running: bool) {
        if let Some(device) = self
            .device
            .as_mut()
            .filter(|device| device.running != running)
        {
            device.running = running;
            match running {
                true => device.queue.resume(),
                false => device.queue.pause(),
            }
        }
    }

    /// Forgets what is queued, for a seek.
    pub(super) fn clear(&mut self) {
        if let Some(device) = &mut self.device {
            device.queue.clear();
            device.until = None;
        }
    }

    pub(super) fn toggle_mute(&mut self) {
        self.muted = !self.muted;
    }

    pub(super) fn change_volume(&mut self, percent: i8) {
        self.volume = self.volume.saturating_add(percent).clamp(0, 100);
        self.muted = false;
    }

    fn open_for(&mut self, heard: &Heard) {
        if self
            .device
            .as_ref()
            .is_some_and(|device| device.rate == heard.rate)
        {
            return;
        }
        let Some(system) = &self.system else { return };
        let wanted = AudioSpecDesired {
            freq: i32::try_from(heard.rate).ok(),
            channels: Some(CHANNELS),
            samples: Some(DEVICE_BUFFER),
        };
        match AudioQueue::open_queue(system, None, &wanted) {
            Ok(queue) => {
                tracing::info!(
                    driver = system.current_audio_driver(),
                    rate = heard.rate,
                    "sound"
                );
                let device = Device {
                    queue,
                    rate: heard.rate,
                    until: None,
                    running: false,
                };
                self.device = Some(device);
            }
            Err(error) => {
                no_sound(&error);
                self.system = None;
                self.device = None;
            }
        }
    }

    fn play(&mut self, heard: &Heard) {
        let gain = if self.muted {
            0.0
        } else {
            f32::from(self.volume) / 100.0
        };
        let Some(device) = &mut self.device else {
            return;
        };
        let samples: Vec<f32> = heard.samples.iter().map(|sample| sample * gain).collect();
        if let Err(error) = device.queue.queue_audio(&samples) {
            tracing::warn!(%error, "the sound device takes no more");
        }
        device.until = Some(heard.span.until);
    }
}

impl Device {
    fn queued(&self) -> Duration {
        let frame = u64::from(CHANNELS) * size_of::<f32>() as u64;
        crate::engine::timeline::time(u64::from(self.queue.size()) / frame, self.rate)
    }
}

fn no_sound(error: &str) {
    eprintln!("There is no sound device ({error}); playing goes on without sound.");
}
