//go:build gpu

package nvrtc

/*
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef void *prog;
static int (*p_version)(int *, int *);
static int (*p_create)(prog *, const char *, const char *, int, const char *const *, const char *const *);
static int (*p_compile)(prog, int, const char *const *);
static int (*p_size[2])(prog, size_t *);
static int (*p_get[2])(prog, char *);
static int (*p_destroy)(prog *);
static const char *(*p_errstr)(int);

static int nv_open(const char *path) {
	void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!h) return 0;
	p_version = dlsym(h, "nvrtcVersion");
	p_create = dlsym(h, "nvrtcCreateProgram");
	p_compile = dlsym(h, "nvrtcCompileProgram");
	p_destroy = dlsym(h, "nvrtcDestroyProgram");
	p_errstr = dlsym(h, "nvrtcGetErrorString");
	p_size[0] = dlsym(h, "nvrtcGetProgramLogSize"); p_get[0] = dlsym(h, "nvrtcGetProgramLog");
	p_size[1] = dlsym(h, "nvrtcGetCUBINSize");      p_get[1] = dlsym(h, "nvrtcGetCUBIN");
	return p_version && p_create && p_compile && p_destroy && p_errstr && p_size[0] && p_get[0] &&
	       p_size[1] && p_get[1];
}
static int nv_version(int *a, int *b) { return p_version(a, b); }
static const char *nv_err(int e) { return p_errstr(e); }
static int nv_compile(const char *src, const char *name, int n, char **opts, char **out, size_t *len) {
	prog p = 0;
	int e = p_create(&p, src, name, 0, 0, 0);
	if (e) return e;
	e = p_compile(p, n, (const char *const *)opts);
	for (int i = 0; i < (e ? 1 : 2); i++) { // on failure only the log is there
		len[i] = 0;
		if (p_size[i](p, &len[i]) || !len[i]) continue;
		out[i] = malloc(len[i]);
		p_get[i](p, out[i]);
	}
	p_destroy(&p);
	return e;
}
*/
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"
)

// names are where libnvrtc is looked for: the older one first, since a driver refuses what is newer than itself.
func names() []string {
	if path := os.Getenv("CROCO_NVRTC"); path != "" {
		return []string{path}
	}
	sonames := []string{"libnvrtc.so.12", "libnvrtc.so.13"}
	var all []string
	if exe, err := os.Executable(); err == nil { // make gpu puts a link beside the binary
		for _, n := range sonames {
			if path, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(exe), n)); err == nil {
				all = append(all, path) // the library finds its companion beside its real place
			}
		}
	}
	all = append(all, sonames...)
	for _, n := range sonames {
		all = append(all, filepath.Join("/usr/local/cuda/lib64", n))
	}
	return all
}

var open = sync.OnceValue(func() error {
	for _, n := range names() {
		path := C.CString(n)
		ok := C.nv_open(path)
		C.free(unsafe.Pointer(path))
		if ok != 0 {
			return nil
		}
	}
	return fmt.Errorf("nvrtc: no libnvrtc, looked for %s: install the CUDA toolkit or pip's nvidia-cuda-nvrtc-cu12, or set CROCO_NVRTC to the library's path", strings.Join(names(), ", "))
})

// Version is that of the library.
func Version() (string, error) {
	if err := open(); err != nil {
		return "", err
	}
	var major, minor C.int
	C.nv_version(&major, &minor)
	return fmt.Sprintf("%d.%d", major, minor), nil
}

// Compile compiles a source for a real architecture such as sm_80. The log has the warnings, and with
// --ptxas-options=-v the resources of each kernel.
func Compile(src, name, arch string, options ...string) (cubin []byte, log string, err error) {
	if err := open(); err != nil {
		return nil, "", err
	}
	options = append([]string{"-arch=" + arch}, options...)
	cSrc, cName := C.CString(src), C.CString(name)
	defer C.free(unsafe.Pointer(cSrc))
	defer C.free(unsafe.Pointer(cName))
	argv := (*C.char)(C.calloc(C.size_t(len(options)+1), 8))
	defer C.free(unsafe.Pointer(argv))
	list := unsafe.Slice((**C.char)(unsafe.Pointer(argv)), len(options))
	for i, o := range options {
		list[i] = C.CString(o)
		defer C.free(unsafe.Pointer(list[i]))
	}
	var out [2]*C.char
	var n [2]C.size_t
	e := C.nv_compile(cSrc, cName, C.int(len(options)), &list[0], &out[0], &n[0])
	take := func(i int) []byte {
		defer C.free(unsafe.Pointer(out[i]))
		return C.GoBytes(unsafe.Pointer(out[i]), C.int(n[i]))
	}
	log, cubin = strings.TrimRight(string(take(0)), "\x00\n"), take(1)
	if e != 0 {
		v, _ := Version()
		return nil, log, fmt.Errorf("nvrtc %s: %s for %s: %s\n%s", v, name, arch, C.GoString(C.nv_err(e)), log)
	}
	return cubin, log, nil
}
