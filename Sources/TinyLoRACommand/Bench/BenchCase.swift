/// What of the machine a piece of work cannot exceed.
enum MachineLimit: String, Encodable {
    /// Fused multiply-adds of all threads.
    case multiplyAdd = "multiply_add"
    /// Products of bf16 numbers of all threads, where the processor has instructions of their own for them (AMX).
    case tileMultiplyAdd = "tile_multiply_add"
    /// Reading memory that is in no cache.
    case read

    /// A figure per second, such as `180.2 GFLOP/s`.
    func text(_ rate: Double) -> String {
        column(rate / 1e9, 0, places: 1) + (self == .read ? " GB/s" : " GFLOP/s")
    }
}

/// The figure shown for a piece of work.
enum BenchRate {
    case flop(Double)
    case bytes(Double)
    case exponentials(Double)
    case tokens(Double)
    case latency

    /// The unit of ``value(seconds:)``.
    var unit: String {
        switch self {
        case .flop: "GFLOP/s"
        case .bytes: "GB/s"
        case .exponentials: "Gexp/s"
        case .tokens: "tok/s"
        case .latency: "µs"
        }
    }

    /// The figure of work that took this long.
    func value(seconds: Double) -> Double {
        switch self {
        case .flop(let amount), .bytes(let amount), .exponentials(let amount): amount / seconds / 1e9
        case .tokens(let amount): amount / seconds
        case .latency: seconds * 1e6
        }
    }
}

/// What a piece of work asks of the machine at least: flop or bytes of the limit that binds it.
struct BenchBound {
    let limit: MachineLimit
    let amount: Double
}

/// A piece of work to be timed.
struct BenchCase {
    let name: String
    /// Sizes that do not vary within a group, such as `896 x 4864`.
    let shape: String
    /// Rows, positions or threads: the size that varies.
    let size: Int
    let rate: BenchRate
    let bound: BenchBound?
    /// Does the work this many times in a row.
    let run: (_ times: Int) async throws -> Void

    /// Work of this many multiplications and additions.
    static func flop(
        _ name: String, shape: String, size: Int, _ amount: Double, run: @escaping (_ times: Int) -> Void
    ) -> BenchCase {
        BenchCase(
            name: name, shape: shape, size: size, rate: .flop(amount),
            bound: BenchBound(limit: .multiplyAdd, amount: amount), run: run)
    }

    /// Work that moves this many bytes.
    static func bytes(
        _ name: String, shape: String, size: Int, _ amount: Double, run: @escaping (_ times: Int) -> Void
    ) -> BenchCase {
        BenchCase(
            name: name, shape: shape, size: size, rate: .bytes(amount),
            bound: BenchBound(limit: .read, amount: amount), run: run)
    }
}

/// Cases that are measured in turn, beside limits measured in between. Made when its turn comes, for its memory.
struct BenchGroup {
    let title: String
    let cases: () throws -> [BenchCase]
}
