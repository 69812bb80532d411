// Legend: M members of a population · N trained numbers

public import TinyRecords
public import TinyFoundation

/// Searches for numbers that earn more by trying a population of them; knows nothing of what they do.
///
/// Constants only: everything that changes is in the ``TrainingState``, so a step depends on its arguments alone.
///
/// ```swift
/// let population = try strategy.ask(generation, from: state)
/// let fitnessM = population.membersMN.map(reward)
/// state = try strategy.tell(fitnessM, of: population, from: state, learningRate: 0.1).state
/// ```
public protocol EvolutionStrategy: Sendable {
    /// Members of each population.
    var populationSize: Int { get }

    /// The state before the first generation, around the numbers `parameters`.
    func startingState(at parameters: [Float]) -> TrainingState

    /// Draws the population of a generation; the first is 1. Each member is drawn from a stream of its own.
    ///
    /// - Throws: ``TrainingError`` with code `unusableState` when the state was not made by this strategy.
    func ask(_ generation: Int, from state: TrainingState) throws(TrainingError) -> Population

    /// The state after a population has been tried. Where all members did equally well, nothing changes.
    ///
    /// - Parameters:
    ///   - fitnessM: How well each member did, `[M]`; more is better.
    ///   - population: What ``ask(_:from:)`` drew from the same state.
    ///   - state: The state before this generation.
    ///   - learningRate: Rate of this step, for strategies that have one.
    /// - Throws: ``TrainingError`` with code `notFinite` or `unusableState`.
    func tell(
        _ fitnessM: [Double], of population: Population, from state: TrainingState, learningRate: Double
    ) throws(TrainingError) -> EvolutionStep
}

/// The members of one generation.
public struct Population: Sendable, Equatable {
    /// Numbers of each member, `[M, N]`.
    public var membersMN: [[Double]]
    /// The standard normal deviates that each was made from, `[M, N]`.
    public var drawsMN: [[Double]]
    /// Distance of each member from the middle in step sizes, `[M, N]`; `draws` turned and stretched.
    public var directionsMN: [[Double]]
    /// Step size the population was drawn with.
    public var stepSize: Double
    /// Longest axis of its distribution divided by the shortest.
    public var axisRatio: Double
}

/// Result of one generation.
public struct EvolutionStep: Sendable, Equatable {
    /// The state after it.
    public var state: TrainingState
    /// Euclidean norm of the estimated gradient, or of the step in step sizes where a strategy estimates none.
    public var gradientNorm: Double
    /// Euclidean distance by which the trained numbers moved.
    public var updateNorm: Double
}

/// Standard normal deviates of each member of a generation, `[M, N]`, each from a stream of its own.
func normalDraws(members: Int, numbers: Int, seed: UInt64, generation: Int) -> [[Double]] {
    (0..<members).map { member in
        var stream = RandomStream(.evolution, seed: seed, step: generation, sample: member)
        return (0..<numbers).map { _ in stream.normal() }
    }
}

/// Refuses a fitness that cannot be compared.
func checkFitness(_ fitnessM: [Double], of population: Population) throws(TrainingError) {
    precondition(
        fitnessM.count == population.membersMN.count,
        "tell: fitness of \(fitnessM.count) members, a population of \(population.membersMN.count)")
    if let member = fitnessM.firstIndex(where: { !$0.isFinite }) {
        throw TrainingError(.notFinite, "the fitness of member \(member) is \(fitnessM[member])")
    }
}

/// Euclidean norm of the difference of two states' numbers.
func distance(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0.0) { sum, pair in
        let difference = Double(pair.0) - Double(pair.1)
        return sum + difference * difference
    }.squareRoot()
}
