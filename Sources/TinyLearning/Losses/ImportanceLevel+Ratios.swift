// Legend: T tokens of one completion

package import TinyRecords
import TinyFoundation

/// The ratio of new to old probability at each level.
///
/// With `lₜ = logprobₜ - oldₜ` the ratio that token t of a completion sees is
///
///     token         exp(lₜ)
///     sequence      exp(1/T Σ l)     its completion's, per token: a geometric mean
///     completion    exp(Σ l)         its completion's as a whole
///
/// Source: `token`: arXiv:2402.03300; `sequence`: GSPO, arXiv:2507.18071 eq. 7; `completion`: arXiv:2402.14740.
extension ImportanceLevel {
    /// The ratio that each token sees, `[T]`. Exactly 1 where both log-probabilities are equal.
    package func ratios(logprobsT: [Float], oldT: [Float]) -> [Double] {
        let differencesT = zip(logprobsT, oldT).map { Double($0) - Double($1) }
        if self == .token { return differencesT.map(exactExp) }
        let sum = differencesT.reduce(0, +)
        let ratio = exactExp(self == .sequence ? sum / Double(max(1, differencesT.count)) : sum)
        return differencesT.map { _ in ratio }
    }

    /// Derivatives with respect to each log-probability, given those of each token's loss with respect to the logarithm
    /// of its ratio, `[T]`: a shared ratio moves with every token.
    package func spread(_ derivativesT: [Double]) -> [Double] {
        if self == .token { return derivativesT }
        let sum = derivativesT.reduce(0, +)
        let shared = self == .sequence ? sum / Double(max(1, derivativesT.count)) : sum
        return derivativesT.map { _ in shared }
    }
}
