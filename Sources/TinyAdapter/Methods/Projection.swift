import TinyModel
import TinyFoundation

/// The fixed random matrices `Pᵢ` that turn a module's numbers into its mixing matrix.
public enum Projection {
    /// Name and version of the scheme, as written into adapters.
    public static let scheme = "normal-variance-1/r.per-module/1 " + RandomStream.normalScheme

    /// The projections of one module.
    ///
    /// Entries are independent normal deviates with mean 0 and variance `1 / rank`, drawn in Double and rounded to Float.
    /// They depend on nothing but the arguments, so any module's can be made again at any time.
    ///
    /// - Parameters:
    ///   - index: The module's ``TinyModel/AdaptedModule/index``.
    ///   - u: Numbers per group.
    ///   - rank: The plan's rank.
    ///   - seed: The projection seed.
    /// - Returns: `[u, rank, rank]`, row-major.
    public static func ofModule(_ index: Int, u: Int, rank: Int, seed: UInt64) -> [Float] {
        var stream = RandomStream(.projection, seed: seed, step: index)
        let deviation = (1 / Double(rank)).squareRoot()
        return (0..<u * rank * rank).map { _ in Float(stream.normal() * deviation) }
    }

    /// The projections of every module of a plan, `[modules, u, rank, rank]`.
    public static func ofPlan(_ plan: AdapterPlan, seed: UInt64) -> [Float] {
        plan.modules.flatMap { ofModule($0.index, u: plan.u, rank: plan.rank, seed: seed) }
    }
}
