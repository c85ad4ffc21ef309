/* Lets a user-mode Linux of before 6.13 run on processors whose register state is larger than it knows (AMX).
 *
 * Such a kernel saves and restores 2,696 bytes of extended state by ptrace(2). Reading a part is allowed, writing
 * a part is not (EFAULT, xstateregs_set in arch/x86/kernel/fpu/regset.c), so that no process could be started.
 * This stands before libc's ptrace and writes the whole: the rest is state of features that are not in use.
 * Preloaded into linux.uml alone; needs no header and no library besides the libc that is there already.
 */

struct iovec {
	void *base;
	unsigned long length;
};

extern long syscall(long number, ...);
extern int *__errno_location(void);

enum {
	SYS_PTRACE = 101,
	PEEKTEXT = 1,
	PEEKUSER = 3,
	GETREGSET = 0x4204,
	SETREGSET = 0x4205,
	NT_X86_XSTATE = 0x202,
	HEADER = 512 / 8, /* the state's header, in words: which features hold something */
	LARGEST = 65536 / 8
};

static unsigned long whole[LARGEST];
static unsigned long size; /* of the processor's whole state, in bytes */

static long set_state(int pid, struct iovec *part)
{
	struct iovec all = { whole, sizeof whole };
	unsigned long *from = part->base;
	unsigned long i;

	if (size == 0) {
		if (syscall(SYS_PTRACE, GETREGSET, pid, NT_X86_XSTATE, &all) < 0)
			return -1;
		size = all.length;
	}
	if (part->length >= size)
		return syscall(SYS_PTRACE, SETREGSET, pid, NT_X86_XSTATE, part);
	for (i = 0; i < size / 8; i++)
		whole[i] = i < part->length / 8 ? from[i] : 0;
	whole[HEADER] &= 0x2ff; /* what fits into the part: x87, SSE, AVX, MPX, AVX-512, PKRU */
	all.length = size;
	return syscall(SYS_PTRACE, SETREGSET, pid, NT_X86_XSTATE, &all);
}

long ptrace(long request, int pid, void *address, void *data)
{
	long word, result;

	if (request == SETREGSET && (long)address == NT_X86_XSTATE)
		return set_state(pid, data);
	if (request < PEEKTEXT || request > PEEKUSER)
		return syscall(SYS_PTRACE, request, pid, address, data);
	result = syscall(SYS_PTRACE, request, pid, address, &word);
	if (result < 0)
		return result;
	*__errno_location() = 0;
	return word;
}
