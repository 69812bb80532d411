// Legend: λ members of a population · μ members that the mean moves towards · n trained numbers

import TinyFoundation

/// The constants of CMA-ES for `n` numbers and a population of `λ`, named as in the source.
///
/// Source: Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772, table 1 and equations 49 to 58.
public struct CMAESConstants: Sendable, Equatable {
    /// Weight of each place, best first, `[λ]`; the first `μ` add up to 1, the others are 0 or less.
    public let weights: [Double]
    /// Members with a positive weight.
    public let mu: Int
    /// Variance effective selection mass of the positive weights.
    public let muEffective: Double
    /// Rate of the step size's path.
    public let cSigma: Double
    /// Damping of the step size.
    public let dSigma: Double
    /// Rate of the covariance's path.
    public let cC: Double
    /// Rate of the rank-one update.
    public let c1: Double
    /// Rate of the rank-`μ` update.
    public let cMu: Double
    /// Expected length of a vector of `n` standard normal deviates.
    public let expectedNorm: Double

    /// Works out the constants; `numbers` is at least 1, `populationSize` at least 4.
    public init(numbers: Int, populationSize: Int) {
        precondition(
            numbers >= 1 && populationSize >= 4, "CMAESConstants: \(numbers) numbers, \(populationSize) members")
        let n = Double(numbers), lambda = Double(populationSize)
        let raw = (1...populationSize).map { exactLog((lambda + 1) / 2) - exactLog(Double($0)) }
        mu = populationSize / 2
        let (positive, sum) = Self.mass(raw[..<mu]), (negative, negativeSum) = Self.mass(raw[mu...])
        muEffective = positive
        cSigma = (positive + 2) / (n + positive + 5)
        dSigma = 1 + 2 * max(0, ((positive - 1) / (n + 1)).squareRoot() - 1) + cSigma
        cC = (4 + positive / n) / (n + 4 + 2 * positive / n)
        let rankOne = 2 / ((n + 1.3) * (n + 1.3) + positive)
        let rankMu = min(1 - rankOne, 2 * (0.25 + positive + 1 / positive - 2) / ((n + 2) * (n + 2) + positive))
        c1 = rankOne
        cMu = rankMu
        expectedNorm = n.squareRoot() * (1 - 1 / (4 * n) + 1 / (21 * n * n))
        let limit = min(1 + rankOne / rankMu, 1 + 2 * negative / (positive + 2), (1 - rankOne - rankMu) / (n * rankMu))
        weights = raw.map { $0 >= 0 ? $0 / sum : limit * $0 / -negativeSum }
    }

    /// `4 + ⌊3 ln n⌋`.
    ///
    /// Source: equation 48.
    public static func populationSize(numbers: Int) -> Int {
        4 + Int((3 * exactLog(Double(max(1, numbers)))).rounded(.down))
    }

    /// `(Σ w)² / Σ w²`, and `Σ w`.
    private static func mass(_ weights: ArraySlice<Double>) -> (effective: Double, sum: Double) {
        let sum = weights.reduce(0, +), squares = weights.reduce(0) { $0 + $1 * $1 }
        return (squares > 0 ? sum * sum / squares : 0, sum)
    }
}
