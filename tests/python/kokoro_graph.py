"""A model of Kokoro's layers whose weights are by chance: it computes what a trained one does, and says
nothing that anybody could understand. Every token lasts 75 ms, about as long as a phoneme.

    python kokoro_graph.py FOLDER      writes kokoro.onnx and af_heart.bin
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STYLE = 128
HIDDEN = 512
TOKENS = 178
# 25 ms each.
FRAMES_PER_TOKEN = 3
# Of 40 frames a second 24 000 samples are made: 2 * 10 * 6 * 5.
WINDOW, HOP = 20, 5

chance = np.random.default_rng(0)
nodes, weights, count = [], [], 0


def name():
    global count
    count += 1
    return f"n{count}"


def op(kind, *inputs, outputs=1, **attributes):
    made = [name() for _ in range(outputs)]
    nodes.append(helper.make_node(kind, list(inputs), made, **attributes))
    return made[0] if outputs == 1 else made


def held(array):
    weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name()))
    return weights[-1].name


def whole(*numbers):
    return held(np.array(numbers, np.int64))


def real(number):
    return held(np.float32(number))


def drawn(*shape, fan=None):
    fan = fan or int(np.prod(shape[1:]))
    return held((chance.standard_normal(shape) / np.sqrt(fan)).astype(np.float32))


def zeros(*shape):
    return held(np.zeros(shape, np.float32))


def linear(x, inputs, outputs):
    return op("Add", op("MatMul", x, drawn(inputs, outputs, fan=inputs)), zeros(outputs))


def conv(x, inputs, outputs, width, stride=1, dilation=1, padding=None, bias=True):
    padding = dilation * (width - 1) // 2 if padding is None else padding
    bias = [zeros(outputs)] if bias else []
    return op("Conv", x, drawn(outputs, inputs, width), *bias, kernel_shape=[width], strides=[stride],
              dilations=[dilation], pads=[padding, padding])


def lstm(x, inputs, half):
    """[1, time, inputs] to [1, time, 2 * half]."""
    x = op("Transpose", x, perm=[1, 0, 2])
    y = op("LSTM", x, drawn(2, 4 * half, inputs, fan=inputs), drawn(2, 4 * half, half, fan=half),
           zeros(2, 8 * half), hidden_size=half, direction="bidirectional", outputs=1)
    y = op("Transpose", y, perm=[2, 0, 1, 3])
    return op("Reshape", y, whole(1, -1, 2 * half))


def turned(x):
    return op("Transpose", x, perm=[0, 2, 1])


def layer_norm(x, channels):
    return op("LayerNormalization", x, held(np.ones(channels, np.float32)), zeros(channels), axis=-1)


def styled(x, style, channels):
    """Scale and shift [1, channels, time] as the voice wants it."""
    h = op("Reshape", linear(style, STYLE, 2 * channels), whole(1, 2 * channels, 1))
    gamma, beta = op("Split", h, whole(channels, channels), axis=1, outputs=2)
    return op("Add", op("Mul", op("Add", gamma, real(1)), x), beta)


def ada_in(x, style, channels):
    normal = op("InstanceNormalization", x, held(np.ones(channels, np.float32)), zeros(channels))
    return styled(normal, style, channels)


def leaky(x, slope=0.2):
    return op("LeakyRelu", x, alpha=slope)


def doubled(x):
    return op("Resize", x, "", held(np.array([1, 1, 2], np.float32)), mode="nearest",
              coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def res_block(x, style, inputs, outputs, double=False):
    y = leaky(ada_in(x, style, inputs))
    if double:
        y = op("ConvTranspose", y, drawn(inputs, 1, 3), zeros(inputs), group=inputs, kernel_shape=[3],
               strides=[2], pads=[1, 1], output_padding=[1])
    y = conv(y, inputs, outputs, 3)
    y = conv(leaky(ada_in(y, style, outputs)), outputs, outputs, 3)
    short = doubled(x) if double else x
    if inputs != outputs:
        short = conv(short, inputs, outputs, 1, bias=False)
    return op("Mul", op("Add", y, short), real(0.5**0.5))


def snake(x, channels):
    alpha = held(np.ones((1, channels, 1), np.float32))
    sine = op("Sin", op("Mul", alpha, x))
    return op("Add", x, op("Mul", op("Div", real(1), alpha), op("Mul", sine, sine)))


def wave_block(x, style, channels, width):
    for dilation in (1, 3, 5):
        y = snake(ada_in(x, style, channels), channels)
        y = conv(y, channels, channels, width, dilation=dilation)
        y = snake(ada_in(y, style, channels), channels)
        x = op("Add", conv(y, channels, channels, width), x)
    return x


def albert(tokens):
    """Twelve times the same layer."""
    wide, heads, inner = 768, 12, 2048
    x = op("Gather", drawn(TOKENS, 128), tokens)
    length = op("Gather", op("Shape", tokens), whole(1))
    places = op("Slice", drawn(512, 128), whole(0), length, whole(0))
    x = layer_norm(op("Add", op("Add", x, places), drawn(1, 1, 128)), 128)
    x = linear(x, 128, wide)
    shared = {part: drawn(wide, wide, fan=wide) for part in "qkvo"}
    bias = zeros(wide)
    up, down = drawn(wide, inner, fan=wide), drawn(inner, wide, fan=inner)
    norms = [(held(np.ones(wide, np.float32)), zeros(wide)) for _ in range(2)]

    def apart(x, part, order):
        x = op("Add", op("MatMul", x, shared[part]), bias)
        return op("Transpose", op("Reshape", x, whole(1, -1, heads, wide // heads)), perm=order)

    for _ in range(12):
        q, k, v = apart(x, "q", [0, 2, 1, 3]), apart(x, "k", [0, 2, 3, 1]), apart(x, "v", [0, 2, 1, 3])
        scores = op("Softmax", op("Mul", op("MatMul", q, k), real((wide // heads) ** -0.5)), axis=-1)
        seen = op("Transpose", op("MatMul", scores, v), perm=[0, 2, 1, 3])
        seen = op("MatMul", op("Reshape", seen, whole(1, -1, wide)), shared["o"])
        x = op("LayerNormalization", op("Add", x, seen), *norms[0], axis=-1)
        y = op("MatMul", x, up)
        cubed = op("Mul", op("Mul", y, y), op("Mul", y, real(0.044715)))
        gate = op("Add", op("Tanh", op("Mul", op("Add", y, cubed), real(0.7978845608))), real(1))
        y = op("MatMul", op("Mul", op("Mul", y, real(0.5)), gate), down)
        x = op("LayerNormalization", op("Add", x, y), *norms[1], axis=-1)
    return x


def predictor(d, style, tokens):
    """Durations, which are computed and not believed; and what is said, frame by frame."""
    length = op("Gather", op("Shape", tokens), whole(1))
    wide = op("Expand", op("Reshape", style, whole(1, 1, STYLE)), op("Concat", whole(1), length, whole(1), axis=0))
    x = op("Concat", d, wide, axis=2)
    for _ in range(3):
        x = lstm(x, HIDDEN + STYLE, HIDDEN // 2)
        plain = op("LayerNormalization", x, held(np.ones(HIDDEN, np.float32)), zeros(HIDDEN), axis=-1)
        x = op("Concat", turned(styled(turned(plain), style, HIDDEN)), wide, axis=2)
    durations = op("Sigmoid", linear(lstm(x, HIDDEN + STYLE, HIDDEN // 2), HIDDEN, 50))
    # Too small to be heard, and read, so that nobody leaves it out.
    trace = op("Mul", op("ReduceMean", durations, keepdims=0), real(1e-6))
    frames = op("Range", held(np.int64(0)), op("Squeeze", op("Mul", length, whole(FRAMES_PER_TOKEN))), held(np.int64(1)))
    owner = op("Div", frames, held(np.int64(FRAMES_PER_TOKEN)))
    return x, owner, trace


def curve(x, style):
    x = res_block(x, style, HIDDEN, HIDDEN)
    x = res_block(x, style, HIDDEN, HIDDEN // 2, double=True)
    x = res_block(x, style, HIDDEN // 2, HIDDEN // 2)
    return conv(x, HIDDEN // 2, 1, 1)


def spoken(tokens):
    """What the letters themselves sound like, [1, 512, tokens]."""
    x = op("Transpose", op("Gather", drawn(TOKENS, HIDDEN), tokens), perm=[0, 2, 1])
    for _ in range(3):
        x = leaky(turned(layer_norm(turned(conv(x, HIDDEN, HIDDEN, 5)), HIDDEN)))
    return turned(lstm(turned(x), HIDDEN, HIDDEN // 2))


def harmonics(f0):
    """Spectrum of nine harmonics of the pitch, [1, 22, time]."""
    each = op("Resize", f0, "", held(np.array([1, 1, 300], np.float32)), mode="nearest",
              coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    tones = op("Mul", each, held(np.arange(1, 10, dtype=np.float32).reshape(1, 9, 1)))
    turns = op("Mod", op("Div", tones, real(24000)), real(1), fmod=1)
    waves = op("Mul", op("Sin", op("Mul", op("CumSum", turns, held(np.int64(2))), real(6.2831853))), real(0.1))
    voiced = op("Cast", op("Greater", each, real(10)), to=TensorProto.FLOAT)
    noise = op("Mul", op("RandomNormalLike", waves, scale=1.0), real(0.003))
    waves = op("Add", op("Mul", waves, voiced), noise)
    source = op("Tanh", turned(linear(turned(waves), 9, 1)))
    source = op("Pad", source, whole(0, 0, WINDOW // 2, 0, 0, WINDOW // 2), mode="reflect")
    real_part, imaginary = (op("Conv", source, drawn(WINDOW // 2 + 1, 1, WINDOW), kernel_shape=[WINDOW],
                               strides=[HOP]) for _ in range(2))
    power = op("Add", op("Mul", real_part, real_part), op("Mul", imaginary, imaginary))
    phase = op("Atan", op("Div", imaginary, op("Add", op("Abs", real_part), real(1e-6))))
    return op("Concat", op("Sqrt", op("Add", power, real(1e-9))), phase, axis=1)


def decoder(spoken_frames, f0, energy, style):
    low_f0, low_energy = (conv(x, 1, 1, 3, stride=2, padding=1) for x in (f0, energy))
    x = res_block(op("Concat", spoken_frames, low_f0, low_energy, axis=1), style, HIDDEN + 2, 1024)
    beside = conv(spoken_frames, HIDDEN, 64, 1)
    for number in range(4):
        x = op("Concat", x, beside, low_f0, low_energy, axis=1)
        last = number == 3
        x = res_block(x, style, 1024 + 2 + 64, HIDDEN if last else 1024, double=last)
    source = harmonics(f0)
    for number, (rate, width, channels) in enumerate(((10, 20, 256), (6, 12, 128))):
        x = leaky(x, 0.1)
        if number == 0:
            beside = wave_block(conv(source, WINDOW + 2, channels, 12, stride=6, padding=3), style, channels, 7)
        else:
            beside = wave_block(conv(source, WINDOW + 2, channels, 1), style, channels, 11)
        x = op("ConvTranspose", x, drawn(2 * channels, channels, width, fan=2 * channels * width // rate), zeros(channels),
               kernel_shape=[width], strides=[rate], pads=[(width - rate) // 2] * 2)
        if number == 1:
            x = op("Pad", x, whole(0, 0, 1, 0, 0, 0), mode="reflect")
        x = op("Add", x, beside)
        parts = [wave_block(x, style, channels, width) for width in (3, 7, 11)]
        x = op("Div", op("Add", op("Add", parts[0], parts[1]), parts[2]), real(3))
    x = conv(leaky(x, 0.01), 128, WINDOW + 2, 7)
    loud, phase = op("Split", x, whole(WINDOW // 2 + 1, WINDOW // 2 + 1), axis=1, outputs=2)
    # A trained one has learned to stay below 1.
    loud, phase = op("Mul", op("Tanh", op("Exp", loud)), real(0.05)), op("Sin", phase)
    both = op("Concat", op("Mul", loud, op("Cos", phase)), op("Mul", loud, op("Sin", phase)), axis=1)
    return op("ConvTranspose", both, drawn(WINDOW + 2, 1, WINDOW), kernel_shape=[WINDOW], strides=[HOP],
              pads=[WINDOW // 2] * 2)


def model():
    sound_style = op("Slice", "style", whole(0), whole(STYLE), whole(1))
    pace_style = op("Slice", "style", whole(STYLE), whole(2 * STYLE), whole(1))
    d, owner, trace = predictor(linear(albert("input_ids"), 768, HIDDEN), pace_style, "input_ids")
    said = op("Gather", d, owner, axis=1)
    shared = turned(lstm(said, HIDDEN + STYLE, HIDDEN // 2))
    f0 = op("Add", op("Mul", curve(shared, pace_style), real(20)), real(150))
    energy = curve(shared, pace_style)
    frames = op("Gather", spoken("input_ids"), owner, axis=2)
    audio = op("Reshape", decoder(frames, f0, energy, sound_style), whole(1, -1))
    nodes.append(helper.make_node("Div", [op("Add", audio, trace), "speed"], ["waveform"]))
    graph = helper.make_graph(
        nodes, "kokoro",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"]),
         helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 2 * STYLE]),
         helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("waveform", TensorProto.FLOAT, [1, "samples"])], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model(), folder / "kokoro.onnx")
    (chance.standard_normal((510, 256)) * 0.2).astype("<f4").tofile(folder / "af_heart.bin")
    total = sum(int(np.prod(weight.dims)) for weight in weights)
    print(f"{total / 1e6:.1f} million weights")
