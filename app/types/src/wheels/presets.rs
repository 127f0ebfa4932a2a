//! Modules that people build again and again: attention kernels, quantisation, rendering.

use super::BuildPreset;

/// Name, source, compiled against torch, needs.
const PRESETS: [(&str, &str, bool, &str); 7] = [
    (
        "SageAttention",
        "git+https://github.com/thu-ml/SageAttention.git",
        true,
        "triton",
    ),
    ("FlashAttention", "flash-attn", true, "psutil\neinops"),
    (
        "bitsandbytes",
        "git+https://github.com/bitsandbytes-foundation/bitsandbytes.git",
        false,
        "scikit-build-core",
    ),
    ("DISO", "diso", true, "pybind11"),
    (
        "nvdiffrast",
        "git+https://github.com/NVlabs/nvdiffrast.git",
        true,
        "",
    ),
    ("xFormers", "xformers", true, ""),
    (
        "Kaolin",
        "git+https://github.com/NVIDIAGameWorks/kaolin.git",
        true,
        "cython\nnumpy<2",
    ),
];

impl BuildPreset {
    /// All of them.
    pub fn every() -> Vec<Self> {
        let preset = |(name, source, torch, needs): (&str, &str, bool, &str)| Self {
            name: name.to_owned(),
            source: source.to_owned(),
            torch,
            needs: needs.to_owned(),
        };
        PRESETS.into_iter().map(preset).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirements::Requirement;

    #[test]
    fn every_preset_is_something_the_builder_takes() {
        for preset in BuildPreset::every() {
            Requirement::new(&preset.source).unwrap();
            if !preset.needs.is_empty() {
                Requirement::list(&preset.needs).unwrap();
            }
        }
    }
}
