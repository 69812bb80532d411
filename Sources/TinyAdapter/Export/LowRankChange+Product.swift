public import TinyModel

extension LowRankChange {
    /// `B R` of a module, `[outputs, rank]`, row-major: with `A` the whole change, `ΔW = (B R) A`. Sums are made in `Double`.
    public func outputFactor(of position: Int) -> [Float] {
        let rank = factors.rank, b = factors.factors[position].b, first = position * rank * rank
        var product = [Float](repeating: 0, count: b.count)
        for row in 0..<factors.modules[position].outputs {
            for column in 0..<rank {
                var sum = 0.0
                for inner in 0..<rank {
                    sum += Double(b[row * rank + inner]) * Double(mixing[first + inner * rank + column])
                }
                product[row * rank + column] = Float(sum)
            }
        }
        return product
    }
}
