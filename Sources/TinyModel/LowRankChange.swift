/// The frozen factors of one module.
public struct ModuleFactors: Sendable {
    /// `[rank, inputs]`.
    public var a: [Float]
    /// `[outputs, rank]`.
    public var b: [Float]

    /// Makes factors from their parts.
    public init(a: [Float], b: [Float]) {
        self.a = a
        self.b = b
    }
}

/// The frozen factors of every module.
public final class LowRankFactors: Sendable {
    /// Columns of every `b`, rows of every `a`.
    public let rank: Int
    /// Which modules.
    public let modules: [AdaptedModule]
    /// One pair per module.
    public let factors: [ModuleFactors]

    /// Makes factors from their parts.
    public init(rank: Int, modules: [AdaptedModule], factors: [ModuleFactors]) {
        self.rank = rank
        self.modules = modules
        self.factors = factors
    }
}

/// `ΔW = B R A` for every module.
public struct LowRankChange: Sendable {
    /// `A` and `B`.
    public let factors: LowRankFactors
    /// `R`, `[modules, rank, rank]`, row-major.
    public var mixing: [Float]

    /// Makes a change from its parts.
    public init(factors: LowRankFactors, mixing: [Float]) {
        self.factors = factors
        self.mixing = mixing
    }
}
