//! TensorFlow Lite's C library, loaded at run time, as far as a streaming wake word model needs
//! it: one quantised tensor in, one number out, and state in between.
#![allow(
    unsafe_code,
    reason = "the one file that talks to TensorFlow Lite; every block says why it is sound"
)]

use libloading::Library;
use loqa_core::seams::ModelError;
use std::{
    ffi::{c_char, c_int, c_void},
    fs,
    path::{Path, PathBuf},
    ptr::{self, NonNull},
    sync::Arc,
};

/// `kTfLiteUInt8` and `kTfLiteInt8`.
const UINT8: c_int = 3;
const INT8: c_int = 9;
const OK: c_int = 0;

/// How whole numbers stand for a tensor's values: value = scale · (number - zero point).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Quantization {
    scale: f32,
    zero_point: i32,
}

type Model = c_void;
type Options = c_void;
type Interpreter = c_void;
type Tensor = c_void;

/// The functions of the loaded library.
pub struct TensorFlowLite {
    model: unsafe extern "C" fn(*const c_void, usize) -> *mut Model,
    free_model: unsafe extern "C" fn(*mut Model),
    options: unsafe extern "C" fn() -> *mut Options,
    set_threads: unsafe extern "C" fn(*mut Options, c_int),
    set_reporter: unsafe extern "C" fn(*mut Options, Reporter, *mut c_void),
    free_options: unsafe extern "C" fn(*mut Options),
    interpreter: unsafe extern "C" fn(*const Model, *const Options) -> *mut Interpreter,
    free_interpreter: unsafe extern "C" fn(*mut Interpreter),
    allocate: unsafe extern "C" fn(*mut Interpreter) -> c_int,
    invoke: unsafe extern "C" fn(*mut Interpreter) -> c_int,
    inputs: unsafe extern "C" fn(*const Interpreter) -> c_int,
    outputs: unsafe extern "C" fn(*const Interpreter) -> c_int,
    input: unsafe extern "C" fn(*const Interpreter, c_int) -> *mut Tensor,
    output: unsafe extern "C" fn(*const Interpreter, c_int) -> *const Tensor,
    kind: unsafe extern "C" fn(*const Tensor) -> c_int,
    dimensions: unsafe extern "C" fn(*const Tensor) -> c_int,
    dimension: unsafe extern "C" fn(*const Tensor, c_int) -> c_int,
    quantization: unsafe extern "C" fn(*const Tensor) -> Quantization,
    write: unsafe extern "C" fn(*mut Tensor, *const c_void, usize) -> c_int,
    read: unsafe extern "C" fn(*const Tensor, *mut c_void, usize) -> c_int,
    // Last, so that it is unloaded after everything above is gone.
    _library: Library,
}

/// Takes the library's messages: user data, a format, and a `va_list`.
type Reporter = Option<unsafe extern "C" fn(*mut c_void, *const c_char, *mut c_void)>;

/// Drops a message: what failed is told by the call that failed.
unsafe extern "C" fn silent(_: *mut c_void, _: *const c_char, _: *mut c_void) {}

impl TensorFlowLite {
    /// File names of the library, in a folder of models or where systems keep libraries.
    const NAMES: [&str; 2] = ["libtensorflowlite_c.so", "libtensorflowlite_c.dylib"];

    /// Loads the library from `folder`, else from where the system has it.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] says where it was looked for and where to get it.
    pub fn load(folder: &Path) -> Result<Arc<Self>, ModelError> {
        let places = Self::NAMES
            .iter()
            .map(|name| folder.join(name))
            .filter(|path| path.exists())
            .chain(Self::NAMES.iter().map(PathBuf::from));
        let mut first = None;
        for place in places {
            // SAFETY: loading runs the library's initialisers, which only fill tables of its own.
            match unsafe { Library::new(&place) }.and_then(Self::from_library) {
                Ok(library) => return Ok(Arc::new(library)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        let why = first.map_or_else(String::new, |error| format!(" ({error})"));
        Err(ModelError::NotLoaded {
            what: format!(
                "TensorFlow Lite, which runs the wake word models in {}{why},",
                folder.display()
            ),
            help: "put libtensorflowlite_c.so into that folder: the Python wheel pymicro-wakeword \
                   carries it (pip download pymicro-wakeword, then unzip it)"
                .into(),
        })
    }

    fn from_library(library: Library) -> Result<Self, libloading::Error> {
        // SAFETY: every type is copied from c_api.h and c_api_types.h of TensorFlow Lite, whose C
        // interface is stable; the functions are kept together with their library.
        unsafe {
            Ok(Self {
                model: *library.get(b"TfLiteModelCreate\0")?,
                free_model: *library.get(b"TfLiteModelDelete\0")?,
                options: *library.get(b"TfLiteInterpreterOptionsCreate\0")?,
                set_threads: *library.get(b"TfLiteInterpreterOptionsSetNumThreads\0")?,
                set_reporter: *library.get(b"TfLiteInterpreterOptionsSetErrorReporter\0")?,
                free_options: *library.get(b"TfLiteInterpreterOptionsDelete\0")?,
                interpreter: *library.get(b"TfLiteInterpreterCreate\0")?,
                free_interpreter: *library.get(b"TfLiteInterpreterDelete\0")?,
                allocate: *library.get(b"TfLiteInterpreterAllocateTensors\0")?,
                invoke: *library.get(b"TfLiteInterpreterInvoke\0")?,
                inputs: *library.get(b"TfLiteInterpreterGetInputTensorCount\0")?,
                outputs: *library.get(b"TfLiteInterpreterGetOutputTensorCount\0")?,
                input: *library.get(b"TfLiteInterpreterGetInputTensor\0")?,
                output: *library.get(b"TfLiteInterpreterGetOutputTensor\0")?,
                kind: *library.get(b"TfLiteTensorType\0")?,
                dimensions: *library.get(b"TfLiteTensorNumDims\0")?,
                dimension: *library.get(b"TfLiteTensorDim\0")?,
                quantization: *library.get(b"TfLiteTensorQuantizationParams\0")?,
                write: *library.get(b"TfLiteTensorCopyFromBuffer\0")?,
                read: *library.get(b"TfLiteTensorCopyToBuffer\0")?,
                _library: library,
            })
        }
    }
}

/// A streaming model: some steps of features in, a probability out; what it remembers is inside.
pub(super) struct Network {
    library: Arc<TensorFlowLite>,
    model: NonNull<Model>,
    interpreter: NonNull<Interpreter>,
    /// The model's bytes, which the library refers to.
    _bytes: Vec<u8>,
    shape: Shape,
}

/// What a model takes and gives.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    steps: usize,
    bands: usize,
    signed: (bool, bool),
    input: Quantization,
    output: Quantization,
}

// SAFETY: model and interpreter belong to this value alone, share nothing unsynchronised with
// others, and are used by one thread at a time, which `&mut self` ensures.
unsafe impl Send for Network {}

impl Network {
    /// Loads a model whose input is `bands` values a step.
    ///
    /// # Errors
    /// [`ModelError::Backend`] with the file and what is wrong with it.
    pub(super) fn open(
        library: &Arc<TensorFlowLite>,
        file: &Path,
        bands: usize,
    ) -> Result<Self, ModelError> {
        let wrong = |what: &str| {
            ModelError::Backend(format!(
                "{}: {what}; download the model again",
                file.display()
            ))
        };
        let bytes = fs::read(file).map_err(|error| wrong(&error.to_string()))?;
        // The identifier of the format, without which the library would not tell one file from another.
        if bytes.get(4..8) != Some(b"TFL3".as_slice()) {
            return Err(wrong("is not a TensorFlow Lite model"));
        }
        // SAFETY: the bytes live as long as the model, in the same value.
        let model = unsafe { (library.model)(bytes.as_ptr().cast(), bytes.len()) };
        let model = NonNull::new(model).ok_or_else(|| wrong("is damaged"))?;
        let Some(interpreter) = interpreter(library, model) else {
            // SAFETY: nothing else refers to the model.
            unsafe { (library.free_model)(model.as_ptr()) };
            return Err(wrong("cannot be run by this TensorFlow Lite"));
        };
        let mut network = Self {
            library: library.clone(),
            model,
            interpreter,
            _bytes: bytes,
            shape: Shape {
                steps: 0,
                bands: 0,
                signed: (false, false),
                input: Quantization {
                    scale: 1.0,
                    zero_point: 0,
                },
                output: Quantization {
                    scale: 1.0,
                    zero_point: 0,
                },
            },
        };
        let shape = network.read_shape().filter(|shape| shape.bands == bands);
        network.shape = shape.ok_or_else(|| {
            wrong(&format!("is no microWakeWord model: it must take 1 × steps × {bands} whole numbers and give one"))
        })?;
        Ok(network)
    }

    fn read_shape(&self) -> Option<Shape> {
        let (library, interpreter) = (&self.library, self.interpreter.as_ptr());
        // SAFETY: a valid interpreter with allocated tensors; indices are below the counts that it
        // gives; tensors belong to it and are not kept.
        unsafe {
            if (library.inputs)(interpreter) < 1 || (library.outputs)(interpreter) < 1 {
                return None;
            }
            let input: *const Tensor = (library.input)(interpreter, 0);
            let output = (library.output)(interpreter, 0);
            if input.is_null() || output.is_null() {
                return None;
            }
            let sizes = |tensor| -> Vec<usize> {
                (0..(library.dimensions)(tensor))
                    .map(|i| (library.dimension)(tensor, i).max(0) as usize)
                    .collect()
            };
            let signed = |tensor| match (library.kind)(tensor) {
                INT8 => Some(true),
                UINT8 => Some(false),
                _ => None,
            };
            let &[1, steps @ 1..=100, bands] = sizes(input).as_slice() else {
                return None;
            };
            if sizes(output).iter().product::<usize>() != 1 {
                return None;
            }
            Some(Shape {
                steps,
                bands,
                signed: (signed(input)?, signed(output)?),
                input: (library.quantization)(input),
                output: (library.quantization)(output),
            })
        }
    }

    /// Steps of features that [`Self::run`] takes at once.
    pub(super) fn steps(&self) -> usize {
        self.shape.steps
    }

    /// The probability after these steps; `None` if the library fails or the number of values is
    /// wrong.
    pub(super) fn run<const BANDS: usize>(&mut self, steps: &[[f32; BANDS]]) -> Option<f32> {
        let Shape {
            input,
            output,
            signed,
            ..
        } = self.shape;
        if steps.len() != self.shape.steps || BANDS != self.shape.bands {
            return None;
        }
        let values: Vec<u8> = steps
            .iter()
            .flatten()
            .map(|value| to_byte(*value, input, signed.0))
            .collect();
        let mut answer = 0u8;
        let (library, interpreter) = (&self.library, self.interpreter.as_ptr());
        // SAFETY: a valid interpreter with allocated tensors, of which it has at least one each
        // (`read_shape`); the library compares the sizes with the tensors' own before it copies.
        unsafe {
            let tensor = (library.input)(interpreter, 0);
            let done = (library.write)(tensor, values.as_ptr().cast(), values.len()) == OK
                && (library.invoke)(interpreter) == OK
                && (library.read)(
                    (library.output)(interpreter, 0),
                    ptr::from_mut(&mut answer).cast(),
                    1,
                ) == OK;
            done.then(|| from_byte(answer, output, signed.1))
        }
    }

    /// Forgets everything heard. The state lies in resources of the interpreter, so a new one is
    /// made (0.2 ms); false if that fails.
    pub(super) fn reset(&mut self) -> bool {
        let Some(fresh) = interpreter(&self.library, self.model) else {
            return false;
        };
        let old = std::mem::replace(&mut self.interpreter, fresh);
        // SAFETY: nothing refers to it any more.
        unsafe { (self.library.free_interpreter)(old.as_ptr()) };
        true
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // SAFETY: released once, the interpreter before the model that it refers to; the library
        // is still loaded because `self.library` holds it.
        unsafe {
            (self.library.free_interpreter)(self.interpreter.as_ptr());
            (self.library.free_model)(self.model.as_ptr());
        }
    }
}

/// An interpreter with its tensors, on one thread.
fn interpreter(library: &TensorFlowLite, model: NonNull<Model>) -> Option<NonNull<Interpreter>> {
    // SAFETY: a valid model, which outlives the interpreter; options are copied.
    unsafe {
        let options = (library.options)();
        if options.is_null() {
            return None;
        }
        (library.set_threads)(options, 1);
        (library.set_reporter)(options, Some(silent), ptr::null_mut());
        let interpreter = (library.interpreter)(model.as_ptr(), options);
        (library.free_options)(options);
        let interpreter = NonNull::new(interpreter)?;
        if (library.allocate)(interpreter.as_ptr()) != OK {
            (library.free_interpreter)(interpreter.as_ptr());
            return None;
        }
        Some(interpreter)
    }
}

fn to_byte(value: f32, quantization: Quantization, signed: bool) -> u8 {
    let number = (value / quantization.scale).round_ties_even() as i32 + quantization.zero_point;
    if signed {
        number.clamp(-128, 127) as i8 as u8
    } else {
        number.clamp(0, 255) as u8
    }
}

fn from_byte(byte: u8, quantization: Quantization, signed: bool) -> f32 {
    let number = if signed {
        i32::from(byte as i8)
    } else {
        i32::from(byte)
    };
    (number - quantization.zero_point) as f32 * quantization.scale
}
