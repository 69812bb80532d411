import TinyLoRA

extension TinyLoRAMethod {
    /// A method of 13 numbers, or one for each module of a smaller model, that needs no checkpoint: its factors are random, of
    /// the size that orthonormal ones have. Its speed and its order of summation are those of real factors.
    static func random(for model: ModelConfiguration) throws -> TinyLoRAMethod {
        let plan = try AdapterPlan.resolving(parameters: min(13, model.modules.count), modules: model.modules)
        let factors = plan.modules.map { module in
            var stream = RandomStream(.factorisation, seed: 1, step: module.index)
            func draw(_ count: Int) -> [Float] {
                let deviation = (Double(plan.rank) / Double(count)).squareRoot()
                return (0..<count).map { _ in Float(deviation * stream.normal()) }
            }
            return ModuleFactors(a: draw(plan.rank * module.inputs), b: draw(plan.rank * module.outputs))
        }
        return TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 1),
            factors: LowRankFactors(rank: plan.rank, modules: plan.modules, factors: factors))
    }
}
