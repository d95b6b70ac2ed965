//! The binary `dms-save`: `dms-player save` by itself. It needs no FFmpeg, so it starts at once and is at home on
//! machines without a screen.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    dms_player::command::run_save()
}
