internal import CTinyKernels
import Foundation

/// Instruction sets with kernels of their own. All of them give the same bits; they differ in speed.
///
/// A process uses the best that its processor has. The environment variable `TINYLORA_INSTRUCTIONS` names another one, to
/// compare them.
package enum InstructionSet: String, CaseIterable, Sendable {
    /// C without vector instructions: the definition of every kernel.
    case plain
    case neon
    /// AVX2 with FMA.
    case avx2
    /// AVX-512 F, BW, DQ and VL.
    case avx512
    /// AVX-512, and the tiles of AMX for products of ``Arithmetic/bfloat16``. The system must permit it.
    case amx

    /// Those that this processor has, the best one last.
    package static let available = allCases.filter { tk_kernels_of($0.code) != nil }

    /// The environment variable that names the set of a process.
    package static let variable = "TINYLORA_INSTRUCTIONS"

    /// What the variable says; `nil` when it is not set.
    private static let wanted: String? = {
        let value = ProcessInfo.processInfo.environment[variable] ?? ""
        return value.isEmpty ? nil : value
    }()

    /// The one that this process uses.
    package static let active =
        available.first { $0.rawValue == wanted } ?? (wanted == nil ? available.last : nil) ?? .plain

    /// What is wrong with `TINYLORA_INSTRUCTIONS`, if anything.
    package static var problem: String? {
        guard let wanted, wanted != active.rawValue else { return nil }
        let names = available.map(\.rawValue).joined(separator: ", ")
        return "\(variable) is '\(wanted)', but this processor has \(names)"
    }

    private var code: tk_instructions {
        switch self {
        case .plain: TK_PLAIN
        case .neon: TK_NEON
        case .avx2: TK_AVX2
        case .avx512: TK_AVX512
        case .amx: TK_AMX
        }
    }

    /// The kernels; the plain ones when this processor lacks the set.
    var kernels: tk_kernels { (tk_kernels_of(code) ?? tk_kernels_of(TK_PLAIN)).pointee }
}

/// What every product and row operation of the engine calls.
let activeKernels = InstructionSet.active.kernels
