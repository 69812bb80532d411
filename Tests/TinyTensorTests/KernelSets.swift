import CTinyKernels
import TinyTensor

/// The kernels of one instruction set.
struct KernelSet: Sendable, CustomStringConvertible {
    let description: String
    let kernels: tk_kernels

    /// `nil` when this processor does not have it.
    private init?(_ code: tk_instructions, _ set: InstructionSet) {
        guard let kernels = tk_kernels_of(code) else { return nil }
        description = set.rawValue
        self.kernels = kernels.pointee
    }

    /// All that this processor has.
    static let all = [
        KernelSet(TK_PLAIN, .plain), KernelSet(TK_NEON, .neon), KernelSet(TK_AVX2, .avx2),
        KernelSet(TK_AVX512, .avx512),
        KernelSet(TK_AMX, .amx),
    ].compactMap(\.self)
}

/// The definition of every kernel.
let plainKernels = tk_kernels_of(TK_PLAIN).pointee
/// What the engine uses.
let activeKernels = KernelSet.all.first { $0.description == InstructionSet.active.rawValue }?.kernels ?? plainKernels
