"""An engine with octet's interface, computed here, that can be told to make one mistake."""

import numpy as np
import torch

import arithmetic
import capture
import compare
import layerfiles
import models
import ptq
from octet import OctetError

FAULTS = {
    "": "nothing",
    "refuse": "every command fails",
    "conv": "one integer of one convolution alone off by one",
    "drift": "every 50th integer of the first convolution off by one, in a whole run",
    "add-body": "one integer of one add off by one, outside the tail",
    "add-tail": "one integer of one add off by one, in the tail",
    "add-tail-two": "one integer of one add off by two, in the tail",
    "scale": "one output scale one unit in the last place off",
    "missing": "one node not written",
    "logits": "one logit one unit in the last place off",
    "weight-scale": "one weight scale one unit in the last place off",
    "weight-int": "one weight off by one",
    "activation-scale": "one activation scale off by 2e-4",
    "zero-point": "one activation zero point off by one",
    "key": "one key misnamed",
}
ADDS = ("add", "add-body", "add-tail", "add-tail-two")


class StandIn:
    def __init__(self, fault: str = ""):
        self.fault = fault

    def layers(self, model, arch, backend, feed, output):
        loaded = self._load(model, arch, backend)
        modules = dict(loaded.named_modules())
        values, ops = {}, {}
        for node in layerfiles.read_feed(feed):
            node.module = modules.get(node.name)
            scale, zero_point = _parameters(node)
            values[node.name] = capture.Value(arithmetic.compute(node, backend), scale, zero_point)
            ops[node.name] = node.op
        self._spoil(values, ops)
        layerfiles.write_outputs(output, values, ops, arch, backend)
        return self.read(output)

    def logits(self, model, arch, backend, images, dump=None):
        loaded = self._load(model, arch, backend)
        once = iter([True])

        def replace(node):
            data = arithmetic.compute(node, backend)
            if self.fault == "drift" and node.op.startswith("conv2d") and next(once, False):
                data = _nudge(data, slice(None, None, 50), 1)
            return data

        trace = capture.trace(loaded, torch.from_numpy(np.load(images)), replace)
        if dump is not None:
            values = {node.name: node.output for node in trace.nodes}
            layerfiles.write_outputs(dump, values, {n.name: n.op for n in trace.nodes}, arch, backend)
        if self.fault == "logits":
            trace.logits.flat[0] = np.nextafter(trace.logits.flat[0], np.float32(np.inf))
        return trace.logits

    def read(self, folder):
        return layerfiles.read_outputs(folder)

    def quantize(self, model, arch, backend, weights, calibration, batch_size, recipe, output):
        """torch.ao with the convolution library off: float activations then differ in the last bits, as octet's do."""
        if self.fault == "refuse":
            raise OctetError("octet quantize: refused")
        network = models.BUILDERS[arch](weights=None, quantize=False)
        network.load_state_dict(torch.load(model, weights_only=True))
        with torch.backends.mkldnn.flags(enabled=False):
            done = ptq.quantize(network.eval(), recipe, backend, weights, torch.from_numpy(np.load(calibration)), batch_size)
        state = done.state
        self._spoil_state(state)
        torch.save(state, output)

    def _load(self, model, arch, backend):
        if self.fault == "refuse":
            raise OctetError("octet run: refused")
        loaded = models.quantized_skeleton(arch, backend)
        loaded.load_state_dict(torch.load(model, weights_only=True), strict=True)
        return loaded.eval()

    def _spoil(self, values, ops):
        first = lambda kind: next(name for name, op in ops.items() if op.startswith(kind))
        if self.fault == "conv":
            value = values[first("conv2d")]
            value.data = _nudge(value.data, 0, 1)
        elif self.fault.startswith("add-"):
            value = values[_tailed_add(values, ops) if "tail" in self.fault else first("add")]
            in_tail = compare.tail_mask(capture.Value(value.data, value.scale, value.zero_point, True))
            place = np.flatnonzero(in_tail if "tail" in self.fault else ~in_tail)[0]
            value.data = _nudge(value.data, place, 2 if self.fault == "add-tail-two" else 1)
        elif self.fault == "scale":
            value = values[first("conv2d")]
            value.scale = float(np.nextafter(np.float32(value.scale), np.float32(1)))
        elif self.fault == "missing":
            del values[first("max_pool2d" if "maxpool" in values else "add")]

    def _spoil_state(self, state):
        weight = next(key for key, value in state.items() if key.endswith(".weight") and value.is_quantized)
        activation = next(key for key in state if key.endswith(".scale"))
        if self.fault == "weight-scale":
            state[weight] = _requantized(state[weight], scale_ulps=1)
        elif self.fault == "weight-int":
            state[weight] = _requantized(state[weight], integers=1)
        elif self.fault == "activation-scale":
            state[activation] = state[activation] * (1 + 2e-4)
        elif self.fault == "zero-point":
            state[activation.removesuffix("scale") + "zero_point"] += 1
        elif self.fault == "key":
            state["x" + weight] = state.pop(weight)


def _parameters(node):
    """Output scale and zero point: the module's own, or those of the input it only moves."""
    if node.op in capture.POOLS:
        return node.inputs[0].scale, node.inputs[0].zero_point
    return float(node.module.scale), int(node.module.zero_point)


def _tailed_add(values, ops):
    for name, op in ops.items():
        if op in compare.ADDS and values[name].data.size % compare.BLOCK:
            return name
    raise ValueError("no add with a tail: choose another model or size")


def _nudge(data, place, by):
    data = data.copy()
    data.flat[place] = np.where(data.flat[place] > 127, data.flat[place] - by, data.flat[place] + by)
    return data


def _requantized(weight, scale_ulps=0, integers=0):
    codes = weight.int_repr().clone()
    codes[0, 0, 0, 0] += integers if codes[0, 0, 0, 0] < 127 else -integers
    if weight.qscheme() == torch.per_tensor_affine:
        scale = weight.q_scale()
        scale = float(np.nextafter(np.float32(scale), np.float32(1))) if scale_ulps else scale
        return torch._make_per_tensor_quantized_tensor(codes, scale, weight.q_zero_point())
    scales = weight.q_per_channel_scales().clone()
    if scale_ulps:
        scales[0] = float(np.nextafter(np.float32(scales[0].item()), np.float32(1)))
    return torch._make_per_channel_quantized_tensor(codes, scales, weight.q_per_channel_zero_points(), 0)
