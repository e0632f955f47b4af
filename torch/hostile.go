package torch

import "strings"

// programs are modules and functions that start programs, load code, or reach files and the
// network. Pickles that attack whoever loads them name these; what training scripts keep beside
// weights does not. A name covers everything below it.
var programs = newSet(
	"os", "posix", "nt", "posixpath", "ntpath", "genericpath", "sys", "subprocess", "_posixsubprocess", "pty", "commands", "popen2", "shutil",
	"tempfile", "glob", "fileinput", "io", "_io", "pathlib", "socket", "_socket", "ssl", "select", "selectors", "socketserver", "http", "urllib", "urllib2",
	"httplib", "ftplib", "smtplib", "poplib", "imaplib", "nntplib", "telnetlib", "xmlrpc", "requests", "httpx", "aiohttp", "paramiko", "webbrowser",
	"antigravity", "asyncio", "multiprocessing", "concurrent", "threading", "_thread", "atexit", "sched",
	"importlib", "_frozen_importlib", "_frozen_importlib_external", "imp", "_imp", "runpy", "pkgutil", "zipimport", "site", "pip", "ensurepip", "venv",
	"setuptools", "distutils", "code", "codeop", "ast", "dis", "marshal", "pickle", "_pickle", "cPickle", "shelve", "dbm",
	"ctypes", "_ctypes", "cffi", "pdb", "bdb", "timeit", "trace", "cProfile", "profile", "doctest", "unittest", "pydoc", "idlelib", "lib2to3", "test",
	"gc", "inspect.getattr_static", "linecache", "mmap", "builtins", "copyreg", "_codecs", "codecs", "operator", "_operator", "functools", "types",
	"collections.namedtuple", "logging.config", "numpy.testing", "numpy.f2py", "numpy.load", "numpy.fromfile", "numpy.memmap", "numpy.loadtxt", "numpy.genfromtxt",
	"numpy.distutils", "pandas.read_pickle", "joblib.load", "cv2.imread", "PIL.Image.open", "yaml",
	"torch.load", "torch.save", "torch.hub", "torch.jit.load", "torch.jit.unsupported_tensor_ops.execWrapper", "torch.serialization.load",
	"torch.storage._load_from_bytes", "torch.package", "torch.utils.cpp_extension", "torch.utils.bottleneck", "torch.utils.data.datapipes.utils.decoder",
	"torch.utils._config_module", "torch.utils.collect_env", "torch._dynamo", "torch._inductor", "torch.fx.experimental", "torch.ops.load_library",
	"torch.classes.load_library", "torch.export.load", "torch.distributed.launch", "torch.distributed.run", "torch.from_file",
)

// data are the exceptions: classes and functions of those modules that pickles of
// training leftovers hold.
var data = newSet(
	"pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath",
	"pathlib._local.Path", "pathlib._local.PosixPath", "pathlib._local.WindowsPath",
	"pathlib._local.PurePath", "pathlib._local.PurePosixPath", "pathlib._local.PureWindowsPath",
	"posix.stat_result", "os.stat_result", "posix.uname_result", "io.BytesIO", "_io.BytesIO", "io.StringIO", "_io.StringIO",
	"multiprocessing.context.SpawnContext", "multiprocessing.context.ForkContext",
	"builtins.object", "builtins.type", "builtins.list", "builtins.dict", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.int",
	"builtins.long", "builtins.float", "builtins.complex", "builtins.str", "builtins.unicode", "builtins.bool", "builtins.bytes", "builtins.bytearray",
	"builtins.slice", "builtins.range", "builtins.xrange", "builtins.Ellipsis", "builtins.NotImplemented", "builtins.property", "builtins.super",
	"builtins.print", "builtins.len", "builtins.abs", "builtins.min", "builtins.max", "builtins.sum", "builtins.round", "builtins.sorted", "builtins.zip",
	"builtins.enumerate", "builtins.reversed", "builtins.iter", "builtins.any", "builtins.all", "builtins.pow", "builtins.divmod", "builtins.repr",
	"builtins.hash", "builtins.id", "builtins.BaseException", "builtins.Exception", "builtins.ExceptionGroup", "builtins.KeyboardInterrupt",
	"builtins.StopIteration", "builtins.SystemExit",
	"copyreg._reconstructor", "_codecs.encode", "operator.itemgetter", "_operator.itemgetter", "operator.mul", "operator.add", "_operator.mul", "_operator.add",
	"functools.partial", "types.SimpleNamespace", "types.NoneType", "types.MappingProxyType", "types.GenericAlias", "types.UnionType",
	"torch._inductor.config", "torch._dynamo.config",
)

// isHostile reports whether g, or a module that it lies in, is one of programs.
func isHostile(g Global) bool {
	name := g.String()
	if data[name] || g.Module == "builtins" && (strings.HasSuffix(g.Name, "Error") || strings.HasSuffix(g.Name, "Warning")) {
		return false
	}
	return isProgram(name)
}

// isProgram looks for the name and for everything that it lies in.
func isProgram(name string) bool {
	for end := len(name); end > 0; end = strings.LastIndexByte(name[:end], '.') {
		if programs[name[:end]] {
			return true
		}
	}
	return false
}

// reachesInto reports whether a dotted name leads through a module or one of Python's own
// attributes to something that could run: ("torch.serialization", "os.system").
func reachesInto(g Global) bool {
	parts := strings.Split(g.Name, ".")
	for i, part := range parts {
		if part == "" || strings.HasPrefix(part, "__") && part != "__new__" || isProgram(strings.Join(parts[i:], ".")) {
			return true
		}
	}
	return false
}
