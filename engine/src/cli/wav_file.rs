//! Speech as a WAV file that appears only when it is whole.

use loqa_protocol::Problem;
use std::path::Path;

/// Writes mono samples in [-1, 1] as 16-bit PCM.
///
/// # Errors
/// A [`Problem`] that names the file; nothing half-written stays behind.
pub fn write(path: &Path, sample_rate_hz: u32, samples: &[f32]) -> Result<(), Problem> {
    let fail = |why: &dyn std::fmt::Display| Problem {
        code: "write_wav".into(),
        message: format!("cannot write {}: {why}", path.display()),
        help: "free some disk space, or name a file in a folder that can be written".into(),
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| fail(&error))?;
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: sample_rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(std::io::BufWriter::new(file.as_file_mut()), spec)
        .map_err(|error| fail(&error))?;
    for sample in samples {
        let sample = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16;
        writer.write_sample(sample).map_err(|error| fail(&error))?;
    }
    writer.finalize().map_err(|error| fail(&error))?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file()
        .set_permissions(mode)
        .map_err(|error| fail(&error))?;
    file.persist(path).map_err(|error| fail(&error.error))?;
    Ok(())
}
