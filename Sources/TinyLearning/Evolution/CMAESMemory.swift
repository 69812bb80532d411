import TinyRecords

/// What CMA-ES remembers, as it lies in the buffers of a training state.
struct CMAESMemory: Sendable {
    /// Middle of the population.
    var mean: [Double]
    /// Its shape.
    var covariance: PackedSymmetric
    /// Sum of past steps, fading.
    var path: [Double]
    /// The same with every step seen through the inverse root of the covariance.
    var stepPath: [Double]
    /// Its size.
    var stepSize: Double

    /// A round population around `mean`.
    init(mean: [Double], stepSize: Double) {
        self.mean = mean
        self.stepSize = stepSize
        covariance = PackedSymmetric(identity: mean.count)
        path = mean.map { _ in 0 }
        stepPath = path
    }

    /// Reads the buffers of a state of `count` numbers.
    init(_ state: TrainingState, count: Int) throws(TrainingError) {
        func buffer(_ name: String, _ size: Int) throws(TrainingError) -> [Double] {
            guard let values = state.buffers[name] else {
                throw TrainingError(.damagedRun, "the state of cma-es has no \(name)")
            }
            guard values.count == size, values.allSatisfy(\.isFinite) else {
                throw TrainingError(
                    .damagedRun, "\(name) of cma-es has \(values.count) numbers, expected \(size) that are finite")
            }
            return values
        }
        mean = try buffer("mean", count)
        covariance = PackedSymmetric(count: count, values: try buffer("covariance", count * (count + 1) / 2))
        path = try buffer("path", count)
        stepPath = try buffer("step_path", count)
        stepSize = try buffer("step_size", 1)[0]
    }

    /// The buffers of a state; of the covariance the upper triangle, row by row.
    var buffers: [String: [Double]] {
        [
            "mean": mean, "covariance": covariance.values, "path": path, "step_path": stepPath, "step_size": [stepSize],
        ]
    }
}
