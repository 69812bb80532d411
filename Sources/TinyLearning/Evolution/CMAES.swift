// Legend: M members of a population · N trained numbers

public import TinyRecords
public import TinyFoundation

/// Evolution strategy that learns the shape of its population: steps get longer where a direction kept paying, and wider
/// along directions in which good members lay.
///
/// Members are `m + σ √C z` with standard normal `z`. The root is the symmetric one, so that neither the signs nor the order
/// of eigenvectors can matter. Only the order of the fitness counts; members that tie are weighted by the mean over all
/// their orders. Mean, covariance, both paths and the step size are kept in `Double` under ``TrainingState/buffers``.
///
/// Cost of a generation: `9 N³ + 3 M N²` operations; state: `N² / 2` numbers, written with every step. Hence
/// ``mostNumbers``.
///
/// Source: Hansen, arXiv:1604.00772, the algorithm of appendix A with negative weights; the exponent of the step size's
/// factor is at most 1, as in Hansen's own programs.
public struct CMAES: EvolutionStrategy {
    /// Most numbers that can be searched among: their covariance takes ten megabytes of every step's record.
    public static let mostNumbers = 1024

    /// Trained numbers.
    public let count: Int
    /// Names the streams of the draws.
    public let seed: UInt64
    /// Step size at the start.
    public let initialStepSize: Double
    /// Rates and weights.
    public let constants: CMAESConstants
    /// Members of each population.
    public var populationSize: Int { constants.weights.count }

    /// Describes a search among `count` numbers, at least 1.
    ///
    /// - Throws: ``TrainingError`` with code `invalidConfiguration` above ``mostNumbers``.
    public init(_ settings: EvolutionSettings, count: Int, seed: UInt64) throws(TrainingError) {
        precondition(count >= 1, "CMAES: \(count) numbers")
        guard count <= Self.mostNumbers else {
            throw TrainingError(
                .invalidConfiguration,
                "cma-es keeps the covariance of all pairs of numbers and takes at most \(Self.mostNumbers), not \(count)",
                hint: "openes has no such limit")
        }
        self.count = count
        self.seed = seed
        initialStepSize = settings.sigma
        constants = CMAESConstants(
            numbers: count,
            populationSize: max(4, settings.populationSize ?? CMAESConstants.populationSize(numbers: count)))
    }

    /// A round population of the initial step size.
    public func startingState(at parameters: [Float]) -> TrainingState {
        let memory = CMAESMemory(mean: parameters.map(Double.init), stepSize: initialStepSize)
        return TrainingState(
            parameters: parameters, firstMoment: [], secondMoment: [], updates: 0, buffers: memory.buffers)
    }

    /// Members stretched as the covariance says.
    public func ask(_ generation: Int, from state: TrainingState) throws(TrainingError) -> Population {
        let draws = normalDraws(members: populationSize, numbers: count, seed: seed, generation: generation)
        return try population(drawing: draws, from: state)
    }

    /// The population that these standard normal deviates, `[M, N]`, make.
    package func population(drawing drawsMN: [[Double]], from state: TrainingState) throws(TrainingError) -> Population
    {
        let memory = try CMAESMemory(state, count: count)
        let root = SymmetricRoot(of: memory.covariance)
        let directionsMN = drawsMN.map(root.applied(to:))
        return Population(
            membersMN: directionsMN.map { direction in
                zip(memory.mean, direction).map { $0 + memory.stepSize * $1 }
            },
            drawsMN: drawsMN, directionsMN: directionsMN, stepSize: memory.stepSize, axisRatio: root.axisRatio)
    }

    /// Moves the mean, both paths, the covariance and the step size.
    public func tell(
        _ fitnessM: [Double], of population: Population, from state: TrainingState, learningRate: Double
    ) throws(TrainingError) -> EvolutionStep {
        try checkFitness(fitnessM, of: population)
        guard hasDifferentValues(fitnessM) else { return EvolutionStep(state: state, gradientNorm: 0, updateNorm: 0) }
        var memory = try CMAESMemory(state, count: count)
        // Shared apart: weights of both signs would cancel where members tie around place μ.
        let gainsM = shared(constants.weights.map { max(0, $0) }, by: fitnessM)
        let lossesM = shared(constants.weights.map { min(0, $0) }, by: fitnessM)
        let step = combined(population.directionsMN, gainsM)
        let draw = combined(population.drawsMN, gainsM)  // C^-½ of the step
        for index in step.indices { memory.mean[index] += memory.stepSize * step[index] }

        let c = constants
        // `c.muEffective` where no members tie; the mean of members that tie varies less.
        let muEffective = 1 / dot(gainsM, gainsM)
        let gain = (c.cSigma * (2 - c.cSigma) * muEffective).squareRoot()
        for index in draw.indices {
            memory.stepPath[index] = (1 - c.cSigma) * memory.stepPath[index] + gain * draw[index]
        }
        let length = norm(memory.stepPath)
        let filled = (1 - exactPower(1 - c.cSigma, 2 * (state.updates + 1))).squareRoot()
        let isSteady = length / filled < (1.4 + 2 / Double(count + 1)) * c.expectedNorm
        let pathGain = isSteady ? (c.cC * (2 - c.cC) * muEffective).squareRoot() : 0
        for index in step.indices { memory.path[index] = (1 - c.cC) * memory.path[index] + pathGain * step[index] }

        adapt(
            &memory.covariance, path: memory.path, isSteady: isSteady, population: population, gainsM: gainsM,
            lossesM: lossesM)
        memory.stepSize *= exactExp(min(1, c.cSigma / c.dSigma * (length / c.expectedNorm - 1)))
        guard memory.stepSize.isFinite, memory.stepSize > 0 else {
            throw TrainingError(.notFinite, "the step size of cma-es became \(memory.stepSize)")
        }
        let next = TrainingState(
            parameters: memory.mean.map { Float($0) }, firstMoment: [], secondMoment: [], updates: state.updates + 1,
            buffers: memory.buffers)
        return EvolutionStep(
            state: next, gradientNorm: norm(step), updateNorm: distance(next.parameters, state.parameters))
    }

    /// The weight of each member, `[M]`, of `weights` by place: members that tie have the mean of their places.
    private func shared(_ weights: [Double], by fitnessM: [Double]) -> [Double] {
        var weightsM = fitnessM
        for (places, members) in tiedGroups(fitnessM) {
            let share = weights[places].reduce(0, +) / Double(places.count)
            for member in members { weightsM[member] = share }
        }
        return weightsM
    }

    /// Rank-one and rank-`μ` update. Directions with negative weight count with length `√n`, so that none can undo the rest.
    private func adapt(
        _ covariance: inout PackedSymmetric, path: [Double], isSteady: Bool, population: Population, gainsM: [Double],
        lossesM: [Double]
    ) {
        let c = constants
        let lost = isSteady ? 0 : c.cC * (2 - c.cC)
        covariance.scale(by: 1 + c.c1 * lost - c.c1 - c.cMu * constants.weights.reduce(0, +))
        covariance.add(path, weight: c.c1)
        for (member, draw) in population.drawsMN.enumerated() {
            let loss = lossesM[member] * Double(count) / max(dot(draw, draw), .leastNormalMagnitude)
            let weight = gainsM[member] + loss
            if weight != 0 { covariance.add(population.directionsMN[member], weight: c.cMu * weight) }
        }
    }
}

/// `Σ w_i x_i` over members, in order.
private func combined(_ vectorsMN: [[Double]], _ weightsM: [Double]) -> [Double] {
    var sum = [Double](repeating: 0, count: vectorsMN.first?.count ?? 0)
    for (vector, weight) in zip(vectorsMN, weightsM) where weight != 0 {
        for index in sum.indices { sum[index] += weight * vector[index] }
    }
    return sum
}

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
                throw TrainingError(.unusableState, "the state of cma-es has no \(name)")
            }
            guard values.count == size, values.allSatisfy(\.isFinite) else {
                throw TrainingError(
                    .unusableState, "\(name) of cma-es has \(values.count) numbers, expected \(size) that are finite")
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
