//! The commands of a session's programs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use types::desktops::{Clipboard, DesktopSettings, Encoder, Files};

use super::Session;
use crate::desktops::display::Display;
use crate::desktops::place::Place;
use crate::desktops::programs::{SCREEN, SOUND, Tools, WINDOWS};
use crate::desktops::users::User;
use crate::process::RUN_MARK;
use crate::process::command::Command;

/// As large as a screen can become, with its depth.
const LARGEST: &str = "4096x2160x24";
/// As large as it is until somebody looks.
const USUAL: (u16, u16) = (1280, 720);
/// None of these programs has anything to lose: what it keeps, it has written before.
const GRACE: Duration = Duration::from_secs(3);
/// Variables of the session that its programs get too.
const PASSED: [&str; 13] = [
    "PATH",
    "TZ",
    "USER",
    "LOGNAME",
    RUN_MARK,
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

/// Everything that the commands depend on.
pub(super) struct Parts<'a> {
    settings: &'a DesktopSettings,
    title: &'a str,
    /// Somebody on the screen draws by GLX.
    gl: bool,
    home: PathBuf,
    files: PathBuf,
    tools: Tools,
    place: &'a Place,
    display: Display,
}

impl<'a> Parts<'a> {
    pub(super) fn new(session: &'a Session, place: &'a Place, display: &Display) -> Self {
        Self {
            settings: &session.plan.settings,
            title: &session.plan.title,
            gl: session.plan.gl,
            home: place.user().map_or_else(|| session.plan.home.clone(), User::home),
            files: place
                .user()
                .map_or_else(|| session.plan.files.clone(), User::files),
            tools: session.tools(),
            place,
            display: display.clone(),
        }
    }

    /// What makes a program open its windows here, and be heard here.
    pub(super) fn shown_on(&self) -> Vec<(&'static str, String)> {
        let mut env = vec![
            ("DISPLAY", self.display.name()),
            ("XAUTHORITY", self.place.cookie().to_string_lossy().into_owned()),
        ];
        if self.settings.audio {
            let socket = self.place.runtime().join("pulse/native");
            env.push(("PULSE_SERVER", format!("unix:{}", socket.display())));
        }
        env
    }

    /// Home of the programs.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Whether they run as another user than the session.
    pub(super) fn has_user(&self) -> bool {
        self.place.user().is_some()
    }

    /// For what is of no use later.
    pub(super) fn scratch(&self) -> PathBuf {
        self.place.dir().join("tmp")
    }

    /// One of the programs.
    pub(super) fn command(&self, argv: Vec<OsString>) -> Command {
        let passed = PASSED
            .into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let own = [
            ("HOME", self.home.as_os_str().to_owned()),
            ("XDG_RUNTIME_DIR", self.place.runtime().into_os_string()),
            ("TMPDIR", self.scratch().into_os_string()),
            ("LANG", OsString::from("C.UTF-8")),
        ];
        let user = self.place.user().map(|user| user.uid);
        let names = user.map(|uid| ["USER", "LOGNAME"].map(|name| (name, format!("desktop-{uid}"))));
        Command::new(argv, &self.home)
            .envs(passed)
            .envs(own)
            .envs(names.into_iter().flatten())
            .envs(self.shown_on())
            .user(user)
            .grace(GRACE)
    }

    /// The X server. It listens on its socket in the file system only, and takes nobody without the cookie.
    pub(super) fn screen(&self) -> Command {
        let mut argv = words(&[
            SCREEN,
            &self.display.name(),
            "-screen",
            "0",
            LARGEST,
            "-dpi",
            "96",
            "-noreset",
        ]);
        if !self.gl {
            // It makes the server load a compiler for shaders (LLVM), which is half of its memory. Toolkits and browsers
            // draw by themselves, and what asks for OpenGL by EGL has it without the server.
            argv.extend(words(&["-extension", "GLX"]));
        }
        argv.extend(words(&["-nolisten", "tcp", "-nolisten", "local", "-auth"]));
        argv.push(self.place.cookie().into());
        self.command(argv)
    }

    /// Gives the screen its size.
    pub(super) fn resize(&self) -> Command {
        let (width, height) = self.settings.size().unwrap_or(USUAL);
        let mut argv = vec![self.tools.selkies().into_os_string()];
        argv.extend(words(&["resize", &format!("{width}x{height}")]));
        self.command(argv)
    }

    /// The window manager.
    pub(super) fn windows(&self) -> Command {
        self.command(words(&[WINDOWS]))
    }

    /// The sound server, for this session alone.
    pub(super) fn sound(&self) -> Command {
        self.command(words(&[
            SOUND,
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--disallow-exit",
            "-L",
            // Whoever gets to the socket may be heard: the app is another user's where the desktop has one of its own.
            "module-native-protocol-unix auth-anonymous=1",
            "-L",
            "module-null-sink sink_name=output",
        ]))
    }

    /// What streams the screen. Its socket lies in a directory that only this user can enter, hence no password; and
    /// never one of its options for TLS, which write certificates of their own over those of the system.
    pub(super) fn stream(&self) -> Command {
        let mut argv = vec![self.tools.selkies().into_os_string(), "--unix-socket".into()];
        argv.push(self.place.socket().path.into());
        if let Some(pages) = self.tools.web_root() {
            argv.extend(["--web-root".into(), pages.into_os_string()]);
        }
        argv.extend(["--file-manager-path".into(), self.files.as_os_str().to_owned()]);
        argv.extend(words(&["--ui-title", self.title]));
        argv.extend(words(
            &self.choices().iter().map(String::as_str).collect::<Vec<_>>(),
        ));
        argv.extend(words(&[
            "--mode",
            "websockets",
            "--enable-dual-mode=false",
            "--use-cpu",
            "--second-screen=false",
            "--microphone-enabled=false",
            "--gamepad-enabled=false",
            "--webcam-enabled=false",
            "--printing-enabled=false",
            "--command-enabled=false",
            "--enable-basic-auth=false",
        ]));
        self.command(argv)
    }

    /// What a person chose, as options.
    fn choices(&self) -> Vec<String> {
        let settings = self.settings;
        let encoder = match settings.encoder {
            Encoder::H264 => "h264enc",
            Encoder::H264Striped => "h264enc-striped",
            Encoder::Jpeg => "jpeg",
        };
        let clipboard = match settings.clipboard {
            Clipboard::Both => "true",
            Clipboard::In => "in",
            Clipboard::Out => "out",
            Clipboard::None => "false",
        };
        let files = match settings.files {
            Files::None => "none",
            Files::Upload => "upload",
            Files::Download => "download",
            Files::Both => "upload,download",
        };
        let rate = settings.frame_rate;
        let mut choices = vec![
            format!("--encoder={encoder}"),
            format!("--framerate={rate},{}-{}", rate.min(8), rate.max(60)),
            format!("--enable-clipboard={clipboard}"),
            format!("--file-transfers={files}"),
            format!("--audio-enabled={}", settings.audio),
        ];
        if let Some((width, height)) = settings.size() {
            choices.push("--manual-resolution=true".to_owned());
            choices.push(format!("--manual-width={width}"));
            choices.push(format!("--manual-height={height}"));
        }
        choices
    }
}

pub(super) fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}
