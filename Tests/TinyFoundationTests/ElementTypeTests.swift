import Testing
import TinyFoundation

@Suite("Rounding to stored types")
struct ElementTypeTests {
    @Test("every half-precision pattern survives widening and narrowing")
    func everyHalf() {
        for bits in 0...UInt16.max {
            let value = widenedFloat16(bits: bits), again = narrowedFloat16(value)
            let isNaN = bits & 0x7C00 == 0x7C00 && bits & 0x3FF != 0
            let agrees = isNaN ? value.isNaN && again & 0x7C00 == 0x7C00 && again & 0x3FF != 0 : again == bits
            if !agrees { Issue.record("\(bits) became \(value) and then \(again)") }
        }
    }

    @Test("every bfloat16 pattern survives widening and narrowing")
    func everyBFloat() {
        for bits in 0...UInt16.max {
            let value = BFloat16(bits: bits).float, again = BFloat16(value)
            let agrees = value.isNaN ? again.float.isNaN : again.bits == bits
            if !agrees { Issue.record("\(bits) became \(value) and then \(again.bits)") }
        }
    }

    @Test(
        "half-way numbers go to the even neighbour, others to the nearest",
        arguments: [
            (1 + 0x1p-8, 1, 1 + 0x1p-8), (1 + 3 * 0x1p-8, 1 + 0x1p-6, 1 + 3 * 0x1p-8),
            (1 + 0x1p-8 + 0x1p-20, 1 + 0x1p-7, 1 + 0x1p-8), (1 + 0x1p-11, 1, 1), (1 + 3 * 0x1p-11, 1, 1 + 0x1p-9),
            (1 + 0x1p-11 + 0x1p-20, 1, 1 + 0x1p-10), (0x1p-25, 0x1p-25, 0), (0x1.8p-24, 0x1.8p-24, 0x1p-23),
            (0x1.000002p-25, 0x1p-25, 0x1p-24), (-(1 + 0x1p-8), -1, -(1 + 0x1p-8)),
            (0x1.ffep-15, 0x1p-14, 0x1p-14), (0.1, 0.10009765625, 0.0999755859375),
        ] as [(Float, Float, Float)])
    func rounding(value: Float, bfloat16: Float, float16: Float) {
        #expect(ElementType.float32.rounded(value) == value)
        #expect(ElementType.bfloat16.rounded(value) == bfloat16)
        #expect(ElementType.float16.rounded(value) == float16)
    }

    @Test(
        "numbers too large become infinite, NaN stays NaN, zero keeps its sign",
        arguments: [ElementType.bfloat16, .float16])
    func extremes(type: ElementType) {
        #expect(type.rounded(.greatestFiniteMagnitude) == .infinity)
        #expect(type.rounded(-.greatestFiniteMagnitude) == -.infinity)
        #expect(type.rounded(-.infinity) == -.infinity)
        #expect(type.rounded(.nan).isNaN)
        #expect(type.rounded(Float(bitPattern: 0x7F80_0001)).isNaN)
        #expect(type.rounded(-0.0).sign == .minus)
        #expect(type.byteCount == 2)
    }

    @Test("half precision turns infinite at 65520")
    func largestHalf() {
        #expect(ElementType.float16.rounded(65519.996) == 65504)
        #expect(ElementType.float16.rounded(65520) == .infinity)
    }
}
