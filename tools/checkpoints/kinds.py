"""The fifty: each function makes one checkpoint as the tool it is named after makes it. It returns what is saved and
the model whose logits the file must give, or no model where octet cannot know them."""
import argparse
import collections
import copy
import enum
import os
import pathlib
import random
import types
import warnings

import numpy as np
import torch
import torch.nn.utils.prune

import leftovers
import nets

warnings.filterwarnings("ignore")


class Saved:
    """What a kind gives: obj for torch.save with its arguments, or a file it has written itself."""

    def __init__(self, obj=None, model=None, path=None, pack=None, saturates=False, **kw):
        """saturates: codes exceed 127, so that PyTorch's own logits may be wrong on this CPU (see exact.py)."""
        self.obj, self.model, self.path, self.pack, self.saturates, self.kw = obj, model, path, pack, saturates, kw


def trained(seed):
    """A network with the optimizer and the schedule of a training that has begun."""
    net = nets.resnet18(seed).train()
    opt = torch.optim.AdamW(net.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 10)
    for i in range(2):
        opt.zero_grad()
        net(nets.images(4, i)).square().mean().backward()
        opt.step()
        schedule.step()
    return net.eval(), opt, schedule


# Trainers

def lightning_checkpoint(folder):
    import lightning

    class Lit(lightning.LightningModule):
        def __init__(self, lr=0.1, phase=leftovers.Phase.TRAIN):
            super().__init__()
            self.save_hyperparameters()
            self.model = nets.resnet18(1)
            self.criterion = torch.nn.CrossEntropyLoss(weight=torch.ones(5))

        def training_step(self, batch, _):
            return self.criterion(self.model(batch[0]), batch[1])

        def configure_optimizers(self):
            opt = torch.optim.SGD(self.parameters(), lr=self.hparams.lr, momentum=0.9)
            return [opt], [torch.optim.lr_scheduler.StepLR(opt, 1)]

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(nets.images(4), torch.arange(4)), batch_size=2)
    lit = Lit()
    trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
                                enable_checkpointing=False, default_root_dir=folder)
    trainer.fit(lit, data)
    path = folder / "epoch=0-step=2.ckpt"
    trainer.save_checkpoint(path)
    return Saved(path=path, model=lit.model.eval())


def lightning_wrapped_backbone(folder):
    net = nets.resnet18(2)
    state = collections.OrderedDict(("net." + k, v) for k, v in net.state_dict().items())
    state["val_acc.confmat"] = torch.zeros(5, 5, dtype=torch.long)
    state["mean"] = torch.zeros(1, 3, 1, 1)
    return Saved({"epoch": 1, "global_step": 10, "pytorch-lightning_version": "2.6.6", "state_dict": state, "loops": {}, "callbacks": {},
                  "optimizer_states": [], "lr_schedulers": [], "hparams_name": "kwargs", "hyper_parameters": leftovers.attributes()}, net)


def timm_saver(folder):
    import timm.utils
    net, opt, _ = trained(3)
    ema = timm.utils.ModelEmaV3(net, decay=0.5)
    args = argparse.Namespace(model="resnet18", lr=0.1, mean=None, opt="adamw")
    saver = timm.utils.CheckpointSaver(model=net, optimizer=opt, args=args, checkpoint_dir=str(folder), recovery_dir=str(folder))
    saver.save_checkpoint(0, metric=0.5)
    return Saved(path=folder / "last.pth.tar", model=net)


def timm_saver_ema(folder):
    import timm.utils
    net, opt, _ = trained(4)
    ema = timm.utils.ModelEmaV3(net, decay=0.5)
    nets.settle(ema.module, 5)
    saver = timm.utils.CheckpointSaver(model=net, optimizer=opt, model_ema=ema, args=argparse.Namespace(model="resnet18"), checkpoint_dir=str(folder),
                                       recovery_dir=str(folder))
    saver.save_checkpoint(0, metric=0.5)
    return Saved(path=folder / "last.pth.tar", model=net)


def timm_model(folder):
    import timm
    net = nets.settle(timm.create_model("resnet18", num_classes=5), 6)
    return Saved(net.state_dict(), net)


def torchvision_reference(folder):
    net, opt, schedule = trained(7)
    scaler = torch.amp.GradScaler("cpu")
    return Saved(dict(model=net.state_dict(), optimizer=opt.state_dict(), lr_scheduler=schedule.state_dict(), epoch=3, scaler=scaler.state_dict(),
                      args=argparse.Namespace(output_dir=pathlib.Path("out"), opt="adamw", norm_weight_decay=None)), net)


def imagenet_example(folder):
    net, opt, schedule = trained(8)
    return Saved(dict(epoch=4, arch="resnet18", state_dict=torch.nn.DataParallel(net).state_dict(), best_acc1=torch.tensor(71.5), optimizer=opt.state_dict(),
                      scheduler=schedule.state_dict()), net)


def data_parallel(folder):
    net = nets.resnet18(9)
    return Saved(torch.nn.DataParallel(net).state_dict(), net)


def process_group(folder):
    import torch.distributed as dist
    if not dist.is_initialized():
        dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=0, world_size=1)


def ddp(folder):
    process_group(folder)
    net = nets.resnet18(10)
    wrapped = torch.nn.parallel.DistributedDataParallel(net)
    return Saved(dict(model_state_dict=wrapped.state_dict(), step=7), net)


def ddp_compiled(folder):
    process_group(folder)
    net = nets.resnet18(11)
    return Saved(torch.nn.parallel.DistributedDataParallel(torch.compile(net)).state_dict(), net)


def fsdp_full(folder):
    process_group(folder)
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict
    from torch.distributed.fsdp import fully_shard
    net = nets.resnet18(12)
    plain = copy.deepcopy(net)
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (1,))
    fully_shard(net, mesh=mesh)
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    model, optimizer = get_state_dict(net, opt, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    return Saved(dict(model=model, optim=optimizer), plain)


def compiled(folder):
    net = nets.resnet18(13)
    return Saved(torch.compile(net).state_dict(), net)


# Averages

def averaged_model(folder):
    net = nets.resnet18(14)
    average = torch.optim.swa_utils.AveragedModel(net)
    average.update_parameters(net)
    return Saved(average.state_dict(), net)


def ema_beside_model(folder):
    net = nets.resnet18(15)
    return Saved(dict(model=net.state_dict(), model_ema=nets.resnet18(16).state_dict(), epoch=1), None)


def ema_prefix(folder):
    net = nets.resnet18(17)
    ema = nets.resnet18(18)
    state = {"model." + k: v for k, v in net.state_dict().items()} | {"ema_model." + k: v for k, v in ema.state_dict().items()}
    return Saved(dict(state_dict=state), None)


# Wrappers of one's own

def teacher_student(folder):
    state = {"student." + k: v for k, v in nets.resnet18(19).state_dict().items()}
    state |= {"teacher." + k: v for k, v in nets.resnet18(20).state_dict().items()}
    return Saved(state, None)


def normalising_sequential(folder):
    net = nets.resnet18(21)

    class Normalise(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(3, 1, 1))
            self.register_buffer("std", torch.ones(3, 1, 1))

        def forward(self, x):
            return (x - self.mean) / self.std

    return Saved(torch.nn.Sequential(Normalise(), net).state_dict(), net)


def tuple_of_states(folder):
    net, opt, _ = trained(22)
    return Saved((net.state_dict(), opt.state_dict(), 5), net)


def dropout_head(folder):
    net = nets.resnet18(23)
    linear = net.fc
    net.fc = torch.nn.Sequential(torch.nn.Dropout(0.5), linear).eval()
    return Saved(dict(state_dict=net.state_dict(), classes=["a", "b", "c", "d", "e"]), net)


def pruned(folder):
    net = nets.resnet18(24)
    for m in net.modules():
        if isinstance(m, torch.nn.Conv2d):
            torch.nn.utils.prune.l1_unstructured(m, "weight", 0.5)
    return Saved(net.state_dict(), net)


# Others

def accelerate_folder(folder):
    """accelerate's save_state writes pytorch_model.bin beside random states; the optimizer is another file."""
    net = nets.resnet18(51)
    torch.save(net.state_dict(), folder / "pytorch_model.bin")
    return Saved(path=folder / "pytorch_model.bin", model=net)


def deepspeed_zero(folder):
    """What DeepSpeed saves for one rank: the weights beside its own bookkeeping."""
    net, opt, _ = trained(52)
    return Saved(dict(module=net.state_dict(), buffer_names=[n for n, _ in net.named_buffers()], optimizer=None, param_shapes=[collections.OrderedDict((n, p.shape) for n, p in net.named_parameters())],
                      frozen_param_shapes=None, shared_params={}, lr_scheduler=None, data_sampler=None, random_ltd=None, sparse_tensor_module_names=set(), skipped_steps=0, global_steps=7,
                      global_samples=28, dp_world_size=1, mp_world_size=1, ds_config=dict(zero_optimization=dict(stage=1)), ds_version="0.18.2"), net)


def mmengine_runner(folder):
    """mmcv and mmengine: meta, message hub and the classifier as backbone and head."""
    net = nets.resnet18(53)
    state = collections.OrderedDict((("head." if k.startswith("fc.") else "backbone.") + k, v) for k, v in net.state_dict().items())
    state["data_preprocessor.mean"], state["data_preprocessor.std"] = torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
    return Saved(dict(meta=dict(epoch=2, iter=20, mmengine_version="0.10.7", cfg="model = dict()", seed=1), state_dict=state, message_hub=dict(log_scalars={}, runtime_info={}),
                      optimizer={}, param_schedulers=[]), net)


def mmcv_ema(folder):
    """mmengine's EMAHook saves the averages under their own key, with a counter."""
    net = nets.resnet18(54)
    ema = torch.optim.swa_utils.AveragedModel(nets.resnet18(55))
    return Saved(dict(meta=dict(epoch=1), state_dict=net.state_dict(), ema_state_dict=ema.state_dict()), None)


def ignite_checkpoint(folder):
    """Ignite's Checkpoint of a trainer, a model and an optimizer."""
    net, opt, schedule = trained(56)
    return Saved(dict(trainer=dict(epoch_length=2, max_epochs=1, iteration=2), model=net.state_dict(), optimizer=opt.state_dict(), lr_scheduler=schedule.state_dict()), net)


def keras_like_names(folder):
    """Layers under names of their own: no architecture of octet's."""
    g = torch.Generator().manual_seed(57)
    return Saved({f"{layer}/{kind}:0": torch.rand(shape, generator=g) for layer, shapes in (("conv2d_1", ((8, 3, 3, 3), (8,))), ("dense_1", ((5, 8), (5,))))
                  for kind, shape in zip(("kernel", "bias"), shapes)}, None)


def two_networks_beside_loose_keys(folder):
    """Two networks in dicts of their own, and tensors beside them."""
    return Saved(dict(generator=dict(nets.resnet18(58).state_dict()), discriminator=dict(nets.resnet18(59).state_dict()), temperature=torch.ones(1), step=3,
                      centers=torch.zeros(5, 8)), None)


def bfloat16_shared(folder):
    """bfloat16 weights in one storage, as flattened optimizers leave them."""
    net = nets.resnet18(60)
    exact = copy.deepcopy(net).bfloat16().float()
    state = {k: v.bfloat16() for k, v in net.state_dict().items() if v.is_floating_point()}
    flat, at, views = torch.cat([v.flatten() for v in state.values()]), 0, {}
    for k, v in state.items():
        views[k], at = flat[at:at + v.numel()].view(v.shape), at + v.numel()
    return Saved(dict(model=views), exact)


def fx_int8_wrapped(folder):
    """A wrapper traced with its network, as a Lightning module's state dict."""
    from torch.ao.quantization import get_default_qconfig_mapping
    from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
    torch.backends.quantized.engine = "fbgemm"

    class Wrapper(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = nets.resnet18(61)

        def forward(self, x):
            return self.model(x)

    prepared = prepare_fx(Wrapper().eval(), get_default_qconfig_mapping("fbgemm"), (nets.images(1),))
    for i in range(4):
        prepared(nets.images(4, i))
    net = convert_fx(prepared)
    state = collections.OrderedDict(("net." + k, v) for k, v in net.state_dict().items())
    return Saved({"epoch": 1, "global_step": 10, "pytorch-lightning_version": "2.6.6", "state_dict": state}, net)


def fx_prepared_ddp(folder):
    from torch.ao.quantization import get_default_qconfig_mapping
    from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
    torch.backends.quantized.engine = "fbgemm"
    net = prepare_fx(nets.resnet18(62), get_default_qconfig_mapping("fbgemm"), (nets.images(1),))
    for i in range(4):
        net(nets.images(4, i))
    return Saved(dict(epoch=1, state_dict=torch.nn.DataParallel(net).state_dict()), convert_fx(copy.deepcopy(net)))


# Quantized

def qat(seed, qconfig=None, fake_quant=None):
    from torch.ao.quantization import get_default_qat_qconfig, prepare_qat
    torch.backends.quantized.engine = "fbgemm"
    net = nets.quantizable_resnet18(seed).train()
    net.fuse_model(is_qat=True)
    net.qconfig = qconfig or get_default_qat_qconfig("fbgemm")
    prepare_qat(net, inplace=True)
    for i in range(4):
        net(nets.images(4, i))
    return net.eval()


def converted(net):
    return torch.ao.quantization.convert(copy.deepcopy(net).eval())


def qat_default(folder):
    net = qat(25)
    return Saved(net.state_dict(), converted(net))


def qat_full_range(folder):
    from torch.ao.quantization import FakeQuantize, MovingAverageMinMaxObserver, QConfig, default_per_channel_weight_fake_quant
    activation = FakeQuantize.with_args(observer=MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype=torch.quint8)
    net = qat(26, QConfig(activation=activation, weight=default_per_channel_weight_fake_quant))
    return Saved(dict(state_dict=net.state_dict(), epoch=1), converted(net), saturates=True)


def old_observers(folder, version):
    """The answer is that of the model before it was saved: PyTorch 2.15 loads these files without an error, but only
    resizes per-channel ranges to fit min_vals and max_vals and copies nothing."""
    from torch.ao.quantization import get_default_qat_qconfig
    net = qat(27 + version, get_default_qat_qconfig("fbgemm", version=0))
    state = net.state_dict()
    old, meta = collections.OrderedDict(), collections.OrderedDict()
    for k, v in state.items():
        if version < 2 and k.endswith("activation_post_process.eps"):
            continue
        old[k.replace(".min_val", ".min_vals").replace(".max_val", ".max_vals") if per_channel(k) else k] = v
    for k, v in state._metadata.items():
        meta[k] = dict(v, version=version) if k.endswith("activation_post_process.activation_post_process") or k.endswith("fake_quant.activation_post_process") else v
    old._metadata = meta
    return Saved(old, converted(net))


def per_channel(key):
    return "weight_fake_quant" in key


def qat_observers_v1(folder):
    return old_observers(folder, 1)


def qat_observers_v2(folder):
    return old_observers(folder, 2)


def ptq_prepared(folder):
    from torch.ao.quantization import get_default_qconfig, prepare
    torch.backends.quantized.engine = "fbgemm"
    net = nets.quantizable_resnet18(30).eval()
    net.fuse_model()
    net.qconfig = get_default_qconfig("fbgemm")
    prepare(net, inplace=True)
    for i in range(4):
        net(nets.images(4, i))
    return Saved(net.state_dict(), converted(net))


def eager_int8(folder):
    net = converted(qat(31))
    return Saved(net.state_dict(), net)


def fx_int8(folder):
    from torch.ao.quantization import get_default_qconfig_mapping
    from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx
    torch.backends.quantized.engine = "fbgemm"
    net = nets.resnet18(32)
    prepared = prepare_fx(net, get_default_qconfig_mapping("fbgemm"), (nets.images(1),))
    for i in range(4):
        prepared(nets.images(4, i))
    net = convert_fx(prepared)
    return Saved(net.state_dict(), net)


# What lies beside

def random_states(folder):
    net, opt, schedule = trained(33)
    return Saved(dict(model=net.state_dict(), optimizer=opt.state_dict(), scheduler=schedule.state_dict(),
                      rng=dict(torch=torch.get_rng_state(), numpy=np.random.get_state(), python=random.getstate())), net)


def numpy_generators(folder):
    net = nets.resnet18(34)
    return Saved(dict(state_dict=net.state_dict(), rng=leftovers.numbers()), net)


def schedulers(folder):
    net, opt, _ = trained(35)
    lrs = torch.optim.lr_scheduler
    all_of = [lrs.OneCycleLR(torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9), 0.1, total_steps=10), lrs.MultiStepLR(opt, [3, 6]), lrs.ReduceLROnPlateau(opt),
              lrs.CosineAnnealingWarmRestarts(opt, 5), lrs.SequentialLR(opt, [lrs.ConstantLR(opt), lrs.ExponentialLR(opt, 0.9)], [2])]
    return Saved(dict(net=net.state_dict(), optimizer=opt.state_dict(), schedulers=[s.state_dict() for s in all_of]), net)


def optimizer_alone(folder):
    return Saved(trained(49)[1].state_dict(), None)


def scheduler_alone(folder):
    return Saved(trained(50)[2].state_dict(), None)


def rng_alone(folder):
    return Saved(dict(torch=torch.get_rng_state(), numpy=np.random.get_state(), python=random.getstate()), None)


def omegaconf_config(folder):
    net = nets.resnet18(36)
    return Saved(dict(cfg=leftovers.dict_config(), state_dict=net.state_dict()), net)


def attribute_dict(folder):
    net = nets.resnet18(37)
    return Saved(leftovers.AttrDict(hparams=leftovers.attributes(), model=leftovers.AttrDict(net.state_dict())), net)


def enums_and_dataclasses(folder):
    net = nets.resnet18(38)
    return Saved(dict(weights=net.state_dict(), rest=leftovers.classes(), dicts=leftovers.dicts(), plain=leftovers.plain(), keys=leftovers.keys()), net)


def arrays_and_tensors(folder):
    net = nets.resnet18(39)
    return Saved(dict(history=leftovers.arrays(), odd=leftovers.tensors(), state_dict=net.state_dict()), net)


# Files

def protocol4(folder):
    net = nets.resnet18(40)
    return Saved(dict(state_dict=net.state_dict(), args=argparse.Namespace(a=1), keys=leftovers.keys()), net, pickle_protocol=4)


def protocol5_legacy(folder):
    net = nets.resnet18(41)
    return Saved(net.state_dict(), net, pickle_protocol=5, _use_new_zipfile_serialization=False)


def legacy_training(folder):
    net, opt, schedule = trained(42)
    return Saved(dict(state_dict=net.state_dict(), optimizer=opt.state_dict(), config=leftovers.Config()), net, _use_new_zipfile_serialization=False)


def gzipped(folder):
    net = nets.resnet18(43)
    return Saved(net.state_dict(), net, pack="gzip")


def tarred(folder):
    net = nets.resnet18(44)
    return Saved(dict(state_dict=net.state_dict()), net, pack="tar.gz")


def named_by_time(folder):
    net = nets.resnet18(45)
    path = folder / "2024-01-01T12:30:00.pth"
    torch.save(dict(model=net.state_dict()), path)
    return Saved(path=path, model=net)


def half_precision(folder):
    net = nets.resnet18(46)
    exact = copy.deepcopy(net).half().float()
    return Saved({k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}, exact)


def whole_model(folder):
    return Saved(nets.resnet18(47), None)


def whole_model_in_training(folder):
    return Saved(dict(epoch=1, model=nets.resnet18(48), ema=None, optimizer=None), None)


KINDS = [lightning_checkpoint, lightning_wrapped_backbone, timm_saver, timm_saver_ema, timm_model, torchvision_reference, imagenet_example, data_parallel, ddp,
         ddp_compiled, fsdp_full, compiled, averaged_model, ema_beside_model, ema_prefix, teacher_student, normalising_sequential, tuple_of_states, dropout_head,
         pruned, qat_default, qat_full_range, qat_observers_v1, qat_observers_v2, ptq_prepared, eager_int8, fx_int8, random_states, numpy_generators, schedulers,
         optimizer_alone, scheduler_alone, rng_alone, omegaconf_config, attribute_dict, enums_and_dataclasses, arrays_and_tensors, protocol4, protocol5_legacy, legacy_training, gzipped, tarred, named_by_time,
         half_precision, whole_model, whole_model_in_training, accelerate_folder, deepspeed_zero, mmengine_runner, mmcv_ema, ignite_checkpoint, keras_like_names,
         two_networks_beside_loose_keys, bfloat16_shared, fx_int8_wrapped, fx_prepared_ddp]
