import TinyFoundation
import TinyLoRA

/// A figure of a model's work: of a whole piece of work, or of a part of it.
struct BenchPart: Encodable {
    /// Such as `decode, batch 32` and `decode, batch 32 / attention`.
    let name: String
    let value: Double
    let unit: String
    /// The time that the limits of the machine allow, relative to the time it took; `nil` where there is no limit.
    let fractionOfLimit: Double?
    /// Which limit binds.
    let limit: MachineLimit?
    /// Seconds of one repetition, and their share of the piece of work.
    let seconds: Double
    let share: Double

    private enum CodingKeys: String, CodingKey {
        case name, value, unit, limit, seconds, share
        case fractionOfLimit = "fraction_of_limit"
    }
}

/// Times the pieces of a model's work in turn, beside the limits of the machine.
struct ModelMeasurement {
    let title: String
    let limits: [MachineLimit: Double]
    /// Each piece of work, followed by its parts.
    let works: [(whole: BenchPart, parts: [BenchPart])]

    /// - Parameter arithmetic: It decides which limit the products have.
    init(
        _ title: String, _ bench: ModelBench, _ arithmetic: Arithmetic, yardstick: Yardstick, repeats: Int,
        console: Console
    ) async throws {
        self.title = title
        let products: MachineLimit =
            arithmetic == .bfloat16 && InstructionSet.active == .amx ? .tileMultiplyAdd : .multiplyAdd
        let stopwatch = Stopwatch()
        console.progress("preparing  \(title)")
        let works = try await bench.works()
        for work in works { try await work.run() }
        bench.watch(stopwatch)
        var measured: [MachineLimit: [Double]] = [:], seconds = works.map { _ in [Double]() }
        var parts = works.map { _ in [Stopwatch.Part: [Double]]() }
        for repetition in 0..<repeats {
            for (index, work) in works.enumerated() {
                console.progress("measuring  \(title) · \(work.name) · \(repetition + 1) of \(repeats)")
                for limit in Set([products, .multiplyAdd, .read]) {
                    measured[limit, default: []].append(yardstick.measure(limit))
                }
                stopwatch.reset()
                let start = ContinuousClock.now
                for _ in 0..<work.times { try await work.run() }
                seconds[index].append((ContinuousClock.now - start) / .seconds(1) / Double(work.times))
                for (part, time) in stopwatch.seconds {
                    parts[index][part, default: []].append(time / Double(work.times))
                }
            }
        }
        let limits = measured.mapValues(median)
        self.limits = limits
        func bound(flop: Double, _ limit: MachineLimit, bytes: Double) -> (seconds: Double, limit: MachineLimit) {
            let computing = flop / (limits[limit] ?? 1), reading = bytes / (limits[.read] ?? 1)
            return computing >= reading ? (computing, limit) : (reading, .read)
        }
        self.works = works.indices.map { index in
            let work = works[index], useful = work.useful, time = median(seconds[index])
            // Products and attention have limits of their own: together they take the sum of the times.
            let flop =
                (useful.products + useful.head) / (limits[products] ?? 1) + useful.attention
                / (limits[.multiplyAdd] ?? 1)
            let bytes = useful.productBytes + useful.headBytes + useful.cacheBytes
            let reading = bytes / (limits[.read] ?? 1)
            let whole = BenchPart(
                name: work.name, value: Double(work.tokens) / time, unit: "tokens/s",
                fractionOfLimit: max(flop, reading) / time, limit: flop >= reading ? products : .read, seconds: time,
                share: 1)
            var details = Stopwatch.Part.allCases.compactMap { part -> BenchPart? in
                guard let samples = parts[index][part] else { return nil }
                let own = median(samples), name = "\(work.name) / \(part.rawValue)"
                let amounts: (flop: Double, limit: MachineLimit, bytes: Double)? =
                    switch part {
                    case .products: (useful.products, products, useful.productBytes)
                    case .head: (useful.head, products, useful.headBytes)
                    case .attention: (useful.attention, .multiplyAdd, useful.cacheBytes)
                    case .adapter, .norms, .activation, .sampling: nil
                    }
                guard let amounts else {
                    return BenchPart(
                        name: name, value: 1000 * own, unit: "ms", fractionOfLimit: nil, limit: nil, seconds: own,
                        share: own / time)
                }
                let limit = bound(flop: amounts.flop, amounts.limit, bytes: amounts.bytes)
                let amount = limit.limit == .read ? amounts.bytes : amounts.flop
                return BenchPart(
                    name: name, value: amount / own / 1e9, unit: limit.limit == .read ? "GB/s" : "GFLOP/s",
                    fractionOfLimit: limit.seconds / own, limit: limit.limit, seconds: own, share: own / time)
            }
            let rest = max(0, time - details.reduce(0) { $0 + $1.seconds })
            details.append(
                BenchPart(
                    name: "\(work.name) / rest", value: 1000 * rest, unit: "ms", fractionOfLimit: nil, limit: nil,
                    seconds: rest, share: rest / time))
            return (whole, details)
        }
    }

    /// All figures, each piece of work before its parts.
    var parts: [BenchPart] { works.flatMap { [$0.whole] + $0.parts } }

    func show(_ console: Console) {
        let order: [(MachineLimit, String)] = [(.tileMultiplyAdd, "tiles"), (.multiplyAdd, "fma"), (.read, "read")]
        let known = order.compactMap { limit, name in limits[limit].map { "\(name) \(limit.text($0))" } }
        console.say("\(title): \(known.joined(separator: ", "))")
        console.say(
            "  " + left("work", 32) + column("ms", 11) + column("share", 9) + column("rate", 12) + left(" unit", 10)
                + column("%", 7))
        for work in works {
            show(work.whole, name: work.whole.name, console)
            for part in work.parts where part.share >= 0.002 {
                show(part, name: "  " + part.name.dropFirst(work.whole.name.count + 3), console)
            }
        }
        console.say()
    }

    private func show(_ part: BenchPart, name: String, _ console: Console) {
        var line =
            "  " + left(name, 32) + column(1000 * part.seconds, 11, places: part.seconds < 0.1 ? 2 : 0)
            + column(100 * part.share, 7, places: 1) + " %"
        if let fraction = part.fractionOfLimit, let limit = part.limit {
            let names: [MachineLimit: String] = [.tileMultiplyAdd: "tiles", .multiplyAdd: "fma", .read: "read"]
            line += column(part.value, 12, places: part.value < 1000 ? 1 : 0) + left(" " + part.unit, 10)
            line += column(100 * fraction, 7, places: 1) + " " + (names[limit] ?? "")
        }
        console.say(line)
    }
}
