//! Wake phrases: trained ones as microWakeWord models ([`MicroWakeWord`]), and several at once
//! ([`Several`]).

mod features;
mod micro;
mod tflite;

pub use self::{
    features::{BANDS, MicroFeatures},
    micro::{MicroWakeWord, models_in},
    tflite::TensorFlowLite,
};

use loqa_core::seams::{FRAME_SAMPLES, Wake, WakeWord};

/// Listens for several phrases at once; the first that hears its own wins, and all begin anew.
#[derive(Default)]
pub struct Several(pub Vec<Box<dyn WakeWord>>);

impl WakeWord for Several {
    fn detect(&mut self, offset: u64, frame: &[f32; FRAME_SAMPLES]) -> Option<Wake> {
        // Every one hears every frame, woken or not.
        let mut heard = None;
        for word in &mut self.0 {
            let own = word.detect(offset, frame);
            heard = heard.or(own);
        }
        if heard.is_some() {
            self.reset();
        }
        heard
    }

    fn reset(&mut self) {
        self.0.iter_mut().for_each(|word| word.reset());
    }
}
