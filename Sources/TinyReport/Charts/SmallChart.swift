/// A small chart of a few curves, one of many with the same scales.
struct SmallChart {
    /// A point of a curve.
    struct Point {
        /// Steps made until then: a metric of step 3 is at 2.5, the middle of the step, an evaluation after it at 3.
        let step: Double
        let value: Double
    }

    /// Title for screen readers.
    var title: String
    /// Curves, each in the order of its steps.
    var curves: [[Point]]
    /// Number of steps of the whole width.
    var steps: Int
    /// Values at the bottom and the top.
    var range: ClosedRange<Double>
    var colour: ChartColour

    static let width = 190.0, height = 56.0
    /// Most points of a curve; more are averaged to this number.
    static let most = 48

    /// The points that are drawn of a curve.
    static func drawn(_ curve: [Point]) -> [Point] {
        zip(binned(curve.map(\.step), into: most), binned(curve.map(\.value), into: most)).map(Point.init)
    }

    var svg: String {
        var path = ""
        for curve in curves where !curve.isEmpty {
            let points = Self.drawn(curve)
            var previous = (x: 0, y: 0)
            for (index, point) in points.enumerated() {
                let x = Int((Self.width * unitShare(point.step / Double(max(1, steps)))).rounded())
                let y = Int((Self.height - 2 - (Self.height - 4) * share(point.value)).rounded())
                path += index == 0 ? "M\(x) \(y)" : "l\(x - previous.x) \(y - previous.y)"
                previous = (x, y)
            }
            if points.count == 1 { path += "h2" }
        }
        return "<svg class=\"small \(colour.rawValue)\" viewBox=\"0 0 190 56\" role=\"img\"><title>\(escaped(title))"
            + "</title><path class=\"base\" d=\"M0 55.5H190\"/><path class=\"thin\" d=\"\(path)\"/></svg>"
    }

    private func share(_ value: Double) -> Double {
        let width = range.upperBound - range.lowerBound
        return width > 0 ? unitShare((value - range.lowerBound) / width) : 0.5
    }
}

/// A curve in one line of text. Each character shows the mean of an equal share of the values.
///
/// ```swift
/// sparkline([0, 1, 2, 3], width: 4)       // "▁▃▆█"
/// ```
package func sparkline(_ values: [Double], width: Int) -> String {
    let levels = Array("▁▂▃▄▅▆▇█")
    let points = binned(values.filter(\.isFinite), into: width)
    guard let low = points.min(), let high = points.max() else { return "" }
    return String(
        points.map { value in
            let height = high > low ? unitShare((value - low) / (high - low)) : 0.5
            return levels[min(levels.count - 1, Int(height * Double(levels.count)))]
        })
}

/// A share, limited to 0...1; 0 when it is not a number.
func unitShare(_ share: Double) -> Double { share > 0 ? min(1, share) : 0 }

/// Means of `count` bins of neighbouring values; the values themselves when there are at most `count`.
func binned(_ values: [Double], into count: Int) -> [Double] {
    guard values.count > count, count > 0 else { return values }
    return (0..<count).map { bin in
        mean(Array(values[bin * values.count / count..<(bin + 1) * values.count / count]))
    }
}
