public import TinyModel

/// TinyLoRA for one model: plan, frozen factors and projections.
///
/// Turns trained numbers into a change of weights and gradients of that change back into gradients of the numbers:
///
/// ```swift
/// let change = basis.change(values: v)                 // R of every module, for the forward pass
/// let gradient = basis.fold(mixingGradient: dR)        // [groups · u], after the backward pass
/// ```
///
/// One basis serves any number of adapters with the same plan and seed on the same model.
public struct AdapterBasis: AdapterMethod {
    /// Plan, seed and subspace.
    public let layout: TinyLoRADesign
    /// `A` and `B` of every module.
    public let factors: LowRankFactors
    /// `P` of every module, `[modules, u, rank, rank]`.
    public let projections: [Float]

    /// Draws the projections for a design.
    ///
    /// - Parameters:
    ///   - design: Modules, rank, `u`, tying and the projection seed.
    ///   - factors: Of the design's modules, in the same order and of the same rank.
    public init(design: TinyLoRADesign, factors: LowRankFactors) {
        let plan = design.plan
        precondition(
            factors.rank == plan.rank && factors.modules == plan.modules,
            "AdapterBasis: factors of rank \(factors.rank) for \(factors.modules.count) modules, plan \(plan)")
        layout = design
        self.factors = factors
        projections = Projection.ofPlan(plan, seed: design.seed)
    }

    /// Draws the projections for a plan, with factors of any origin.
    public init(plan: AdapterPlan, factors: LowRankFactors, seed: UInt64) {
        self.init(design: TinyLoRADesign(plan: plan, seed: seed), factors: factors)
    }

    /// Modules, rank, `u` and tying.
    public var plan: AdapterPlan { layout.plan }

    /// Plan, seed and subspace.
    public var design: any AdapterDesign { layout }

    /// Zeros: the base model, bit for bit.
    public var initialValues: [Float] { [Float](repeating: 0, count: parameterCount) }

    /// Every sequence's `dR`, folded.
    public var gradient: AdapterGradient { .mixing(fold: fold) }

    /// The change of weights for these numbers.
    public func effect(of values: [Float]) -> AdapterEffect { .change(change(values: values)) }

    /// How many numbers an adapter has.
    public var parameterCount: Int { plan.parameterCount }

    /// The change of weights for these numbers: `R[m] = Σᵢ v[group(m), i] · P[m, i]`, summed in ascending i.
    ///
    /// Zeros give exactly zero everywhere.
    ///
    /// - Parameter values: `[groups, u]`, as stored: already rounded to the adapter's element type.
    public func change(values: [Float]) -> LowRankChange {
        precondition(values.count == parameterCount, "change: \(values.count) values, \(parameterCount) parameters")
        let (u, entries) = (plan.u, plan.rank * plan.rank)
        var mixing = [Float](repeating: 0, count: plan.modules.count * entries)
        for (module, group) in plan.groups.enumerated() {
            for index in 0..<u {
                let value = values[group * u + index]
                let projection = (module * u + index) * entries
                for entry in 0..<entries { mixing[module * entries + entry] += value * projections[projection + entry] }
            }
        }
        return LowRankChange(factors: factors, mixing: mixing)
    }

    /// The gradient of the numbers from the gradient of every mixing matrix; the transpose of ``change(values:)``.
    ///
    /// `dv[g, i] = Σ over modules m of group g of ⟨dR[m], P[m, i]⟩`, modules in ascending order, entries in row order.
    ///
    /// - Parameter mixingGradient: `[modules, rank, rank]`.
    /// - Returns: `[groups, u]`.
    public func fold(mixingGradient: [Float]) -> [Float] {
        let (u, entries) = (plan.u, plan.rank * plan.rank)
        precondition(
            mixingGradient.count == plan.modules.count * entries,
            "fold: \(mixingGradient.count) entries, \(plan.modules.count) modules of \(entries)")
        var gradient = [Float](repeating: 0, count: parameterCount)
        for (module, group) in plan.groups.enumerated() {
            for index in 0..<u {
                let projection = (module * u + index) * entries
                var product: Float = 0
                for entry in 0..<entries {
                    product += mixingGradient[module * entries + entry] * projections[projection + entry]
                }
                gradient[group * u + index] += product
            }
        }
        return gradient
    }
}
