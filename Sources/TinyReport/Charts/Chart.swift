/// Points with error bars over two axes.
struct Chart {
    /// Title for screen readers.
    var title: String
    /// Description for screen readers, in a sentence.
    var summary: String
    var x: Axis
    var y: Axis
    var series: [ChartSeries] = []
    /// Horizontal lines with a label at the right.
    var references: [ChartReference] = []
    /// Size in units; text has a size of 11.
    var width = 520.0
    var height = 320.0
    /// Width of the labels of ``references`` at the right.
    var labelWidth = 88.0
    /// Whether points of several series at one place are shifted, so that error bars do not overlap.
    var movesAside = true

    struct Axis {
        var label: String
        var scale: Scale
        /// Text of a tick.
        var format: (Double) -> String
    }
}

/// Points of one kind.
struct ChartSeries {
    var name: String
    var colour: ChartColour
    var marker: Marker
    var points: [ChartPoint]
}

/// One measured value.
struct ChartPoint {
    var x: Double
    var y: Double
    var low: Double?
    var high: Double?
    /// Tooltip.
    var note: String
    /// Whether it is a variant of another point at the same place.
    var isVariant = false
}

/// A value to compare with.
struct ChartReference {
    var y: Double
    var label: String
    var colour: ChartColour
}

/// Colours by meaning; ``PageStyle`` defines them for light, dark and print.
enum ChartColour: String {
    case rl, sft, es, plain
    /// Further algorithms of a family that has several.
    case rl2, rl3, es2

    /// The colour of a family, or of one of several algorithms in it, from 0.
    init(_ family: Family, algorithm position: Int = 0) {
        switch family {
        case .policyGradient: self = [.rl, .rl2, .rl3][position % 3]
        case .supervised: self = .sft
        case .evolution: self = [.es, .es2][position % 2]
        }
    }
}

/// Shapes by method, so that colour is never the only difference.
enum Marker {
    case circle, square, triangle, diamond, cross

    init(method: String) {
        switch method {
        case "tinylora": self = .circle
        case "lora-xs": self = .square
        case "lora": self = .triangle
        case "full": self = .diamond
        default: self = .cross
        }
    }

    /// The shape around a place, as the path of an SVG.
    func path(_ x: Double, _ y: Double) -> String {
        let r = 4.0
        return switch self {
        case .circle:
            "M\(coordinate(x - r)) \(coordinate(y))a\(coordinate(r)) \(coordinate(r)) 0 1 0 \(coordinate(2 * r)) 0"
                + "a\(coordinate(r)) \(coordinate(r)) 0 1 0 \(coordinate(-2 * r)) 0z"
        case .square: polygon(x, y, [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)], r)
        case .triangle: polygon(x, y, [(0, -1.15), (1.1, 0.8), (-1.1, 0.8)], r)
        case .diamond: polygon(x, y, [(0, -1.3), (1.1, 0), (0, 1.3), (-1.1, 0)], r)
        case .cross:
            polygon(
                x, y,
                [
                    (-1, -0.35), (-0.35, -0.35), (-0.35, -1), (0.35, -1), (0.35, -0.35), (1, -0.35),
                    (1, 0.35), (0.35, 0.35), (0.35, 1), (-0.35, 1), (-0.35, 0.35), (-1, 0.35),
                ], r)
        }
    }

    private func polygon(_ x: Double, _ y: Double, _ corners: [(Double, Double)], _ r: Double) -> String {
        "M" + corners.map { "\(coordinate(x + $0.0 * r)) \(coordinate(y + $0.1 * r))" }.joined(separator: "L") + "z"
    }
}

/// A coordinate of a drawing, rounded to a tenth.
func coordinate(_ value: Double) -> String {
    let tenths = value.isFinite ? (value * 10).rounded() : 0
    guard abs(tenths) < 1e9 else { return "0" }
    let whole = Int(tenths)
    let sign = whole < 0 ? "-" : ""
    let magnitude = abs(whole)
    return magnitude.isMultiple(of: 10) ? "\(sign)\(magnitude / 10)" : "\(sign)\(magnitude / 10).\(magnitude % 10)"
}
