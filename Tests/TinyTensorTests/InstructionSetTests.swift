import Testing
import TinyTensor

/// Which kernels the comparisons of this target ran: a set that the processor lacks is skipped by name.
@Suite("Instruction sets")
struct InstructionSetTests {
    @Test("plain is always there") func plain() { check(.plain) }
    @Test("neon", .enabled(if: has(.neon), "not compared: this processor has no NEON")) func neon() { check(.neon) }
    @Test("avx2", .enabled(if: has(.avx2), "not compared: this processor has no AVX2 with FMA"))
    func avx2() { check(.avx2) }
    @Test("avx512", .enabled(if: has(.avx512), "not compared: this processor has no AVX-512"))
    func avx512() { check(.avx512) }
    @Test("amx", .enabled(if: has(.amx), "not compared: this processor has no AMX, or the system does not permit it"))
    func amx() { check(.amx) }

    private static func has(_ set: InstructionSet) -> Bool { InstructionSet.available.contains(set) }

    private func check(_ set: InstructionSet) {
        #expect(KernelSet.all.contains { $0.description == set.rawValue })
    }

    @Test("the best one is used unless the environment names another")
    func choice() {
        #expect(InstructionSet.problem == nil)
        #expect(InstructionSet.available.contains(InstructionSet.active))
        #expect(InstructionSet.available.map(\.rawValue) == KernelSet.all.map(\.description))
    }
}
