// Legend: M members of a population · K mirrored pairs · N trained numbers

public import TinyRecords
public import TinyFoundation

/// Estimates the gradient of the expected fitness from mirrored perturbations, and follows it.
///
/// Members come in pairs `θ + σ ε` and `θ - σ ε`. With weights `w` of their fitness, largest for the best,
///
///     g = 1 / (M σ) Σ w_i ε_i
///
/// estimates the ascent direction; pairs cancel everything that is even in `ε`. AdamW or a plain step of the learning rate
/// moves `θ`. Orthogonal directions of a block of `N` measure every direction once instead of some twice and some not.
///
/// Cost: a population of `M` members draws `M N / 2` normal deviates; making them orthogonal takes `M N²` operations.
///
/// Source: Salimans et al., arXiv:1703.03864; mirrored sampling: Brockhoff et al., PPSN 2010; orthogonal directions:
/// Choromanski et al., arXiv:1804.02395.
public struct OpenES: EvolutionStrategy {
    /// Standard deviation, shaping, directions, optimiser.
    public let settings: EvolutionSettings
    /// Betas, decay, longest gradient.
    public let optimiser: OptimiserSettings
    /// Trained numbers.
    public let count: Int
    /// Names the streams of the draws.
    public let seed: UInt64
    /// Members of each population, an even number.
    public let populationSize: Int

    /// Describes a search among `count` numbers, at least 1. A population of an odd size gets one member more.
    public init(_ settings: EvolutionSettings, optimiser: OptimiserSettings, count: Int, seed: UInt64) {
        precondition(count >= 1, "OpenES: \(count) numbers")
        self.settings = settings
        self.optimiser = optimiser
        self.count = count
        self.seed = seed
        let size = max(2, settings.populationSize ?? CMAESConstants.populationSize(numbers: count))
        populationSize = size + size % 2
    }

    /// Empty moments for `adam`, none for `sgd`.
    public func startingState(at parameters: [Float]) -> TrainingState {
        switch settings.optimiser {
        case .adam: TrainingState(starting: parameters)
        case .sgd: TrainingState(parameters: parameters, firstMoment: [], secondMoment: [], updates: 0)
        }
    }

    /// Pairs of mirrored members: `2k` and `2k + 1` lie opposite each other.
    public func ask(_ generation: Int, from state: TrainingState) throws(TrainingError) -> Population {
        guard state.parameters.count == count else {
            throw TrainingError(
                .unusableState, "the state has \(state.parameters.count) numbers, the search is among \(count)")
        }
        var drawsKN = normalDraws(members: populationSize / 2, numbers: count, seed: seed, generation: generation)
        if settings.directions == .orthogonal { orthogonalise(&drawsKN) }
        let drawsMN = drawsKN.flatMap { [$0, $0.map { -$0 }] }
        let membersMN = drawsMN.map { draw in
            zip(state.parameters, draw).map { Double($0) + settings.sigma * $1 }
        }
        return Population(
            membersMN: membersMN, drawsMN: drawsMN, directionsMN: drawsMN, stepSize: settings.sigma, axisRatio: 1)
    }

    /// Follows the estimated gradient.
    public func tell(
        _ fitnessM: [Double], of population: Population, from state: TrainingState, learningRate: Double
    ) throws(TrainingError) -> EvolutionStep {
        try checkFitness(fitnessM, of: population)
        guard hasDifferentValues(fitnessM) else { return EvolutionStep(state: state, gradientNorm: 0, updateNorm: 0) }
        var descent = gradient(fitnessM, of: population).map { Float(-$0) }
        let norm = shorten(&descent, toNorm: optimiser.maxGradientNorm)
        var next = state
        switch settings.optimiser {
        case .adam:
            var adam = AdamW(optimiser, resuming: state)
            adam.update(&next.parameters, gradient: descent, learningRate: learningRate)
            next.firstMoment = adam.firstMoment
            next.secondMoment = adam.secondMoment
        case .sgd:
            let kept = 1 - learningRate * optimiser.weightDecay
            for index in descent.indices {
                next.parameters[index] = Float(
                    kept * Double(state.parameters[index]) - learningRate * Double(descent[index]))
            }
        }
        next.updates += 1
        return EvolutionStep(
            state: next, gradientNorm: norm, updateNorm: distance(next.parameters, state.parameters))
    }

    /// The estimated direction of ascent, `[N]`.
    public func gradient(_ fitnessM: [Double], of population: Population) -> [Double] {
        let weightsM = settings.shaping.weights(of: fitnessM)
        var gradient = [Double](repeating: 0, count: count)
        for pair in 0..<populationSize / 2 {
            let weight = weightsM[2 * pair] - weightsM[2 * pair + 1]
            for (index, draw) in population.drawsMN[2 * pair].enumerated() { gradient[index] += weight * draw }
        }
        let scale = Double(populationSize) * settings.sigma
        return gradient.map { $0 / scale }
    }
}

/// Makes directions orthogonal within blocks of as many as there are numbers; each keeps its length.
///
/// Gram-Schmidt, each direction twice over: once leaves an error of the size of the condition number.
private func orthogonalise(_ drawsKN: inout [[Double]]) {
    guard let numbers = drawsKN.first?.count else { return }
    for start in stride(from: 0, to: drawsKN.count, by: numbers) {
        var units: [[Double]] = []
        for index in start..<min(drawsKN.count, start + numbers) {
            let length = norm(drawsKN[index])
            var direction = drawsKN[index]
            for _ in 0..<2 {
                for unit in units {
                    let part = dot(direction, unit)
                    for k in direction.indices { direction[k] -= part * unit[k] }
                }
            }
            let rest = norm(direction)
            guard rest > 1e-8 * length else { continue }  // by chance within the others' span: stays as drawn
            units.append(direction.map { $0 / rest })
            drawsKN[index] = direction.map { $0 / rest * length }
        }
    }
}
