/// One measured case, as `--json` prints it.
struct BenchRow: Encodable {
    let group: String
    let name: String
    let shape: String
    let size: Int
    /// Median time of one repetition of the work.
    let microseconds: Double
    let rate: Double
    let unit: String
    /// What binds this work, and how much of it was reached. Work whose data stays in a cache can pass 100 % of `read`.
    let limit: MachineLimit?
    let percent: Double?
}

/// The limits beside which a group was measured, per second.
struct BenchLimits: Encodable {
    let multiplyAdd: Double
    let read: Double

    private enum CodingKeys: String, CodingKey {
        case read
        case multiplyAdd = "multiply_add"
    }

    func rate(_ limit: MachineLimit) -> Double { limit == .read ? read : multiplyAdd }
}

/// Times the cases of a group in turn, again and again, so that a disturbance falls on all of them and on the limits.
struct BenchRunner {
    let yardstick: Yardstick
    let repeats: Int
    let console: Console

    /// Long enough for the clock and the threads, short enough to be undisturbed now and then.
    private static let sampleSeconds = 0.02
    /// Cases between two measurements of the limits: a quarter of the time goes to the limits.
    private static let casesPerLimit = 4

    func measure(_ group: BenchGroup) async throws -> (limits: BenchLimits, rows: [BenchRow]) {
        console.progress("preparing  \(group.title)")
        let cases = try group.cases()
        var times: [Int] = []
        for work in cases {
            let single = try await seconds { try await work.run(1) }
            times.append(max(1, min(1_000_000, Int(Self.sampleSeconds / max(single, 1e-9)))))
        }
        var samples = cases.map { _ in [Double]() }
        var multiplyAdd: [Double] = [], read: [Double] = []
        for sample in 0..<repeats {
            for (index, work) in cases.enumerated() {
                if index.isMultiple(of: Self.casesPerLimit) {
                    multiplyAdd.append(yardstick.measure(.multiplyAdd))
                    read.append(yardstick.measure(.read))
                }
                console.progress("measuring  \(group.title) · \(work.name) · \(sample + 1) of \(repeats)")
                let time = try await seconds { try await work.run(times[index]) }
                samples[index].append(time / Double(times[index]))
            }
        }
        let limits = BenchLimits(multiplyAdd: median(multiplyAdd), read: median(read))
        let rows = zip(cases, samples).map { work, samples in
            let time = median(samples)
            return BenchRow(
                group: group.title, name: work.name, shape: work.shape, size: work.size, microseconds: time * 1e6,
                rate: work.rate.value(seconds: time), unit: work.rate.unit, limit: work.bound?.limit,
                percent: work.bound.map { 100 * $0.amount / time / limits.rate($0.limit) })
        }
        return (limits, rows)
    }

    private func seconds(_ work: () async throws -> Void) async throws -> Double {
        let start = ContinuousClock.now
        try await work()
        return (ContinuousClock.now - start) / .seconds(1)
    }
}

/// The middle value, or the mean of the two in the middle. `values` must not be empty.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted(), middle = values.count / 2
    return values.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}
