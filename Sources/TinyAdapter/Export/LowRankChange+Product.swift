import TinyFoundation
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

    /// `B R` of every module, divided by a scale that the layout keeps beside the numbers: `ΔW = scale · ((B R) / scale) A`.
    ///
    /// The scale is 1 but for small changes in fp16, which has fewer than 11 bits below 2⁻¹⁴ and none below 2⁻²⁵. There it is the
    /// power of two that brings the largest number to 0.5 ... 1: not higher, as readers multiply by it at the end, perhaps in fp16.
    func outputFactors(as type: ElementType) -> (factors: [[Float]], scale: Double) {
        let factors = self.factors.modules.indices.map(outputFactor)
        // Each module's largest number, of those that change at all.
        let sizes = factors.map { $0.reduce(0) { max($0, $1.magnitude) } }.filter { $0 > 0 }
        guard type == .float16, let smallest = sizes.min(), let largest = sizes.max(), largest.isFinite,
            smallest < Self.leastSize, largest < 0.5
        else { return (factors, 1) }
        let scale = Double(sign: .plus, exponent: max(largest, Self.leastScale).exponent + 1, significand: 1)
        return (factors.map { $0.map { Float(Double($0) / scale) } }, scale)
    }

    /// Where the largest number of a module is at least this, most of its numbers have all bits of fp16.
    private static let leastSize: Float = 0x1p-10
    /// No scale is much smaller, so that every reader's fp32 holds it.
    private static let leastScale: Float = 0x1p-100
}
