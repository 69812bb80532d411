/// A curve in one line of text: each character the mean of its share of the values, from the lowest to the highest.
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

/// A share within 0 and 1; what is not a number is 0.
func unitShare(_ share: Double) -> Double { share > 0 ? min(1, share) : 0 }

/// Means of at most `count` runs of neighbours of nearly equal length; the values themselves when there are no more.
func binned(_ values: [Double], into count: Int) -> [Double] {
    guard values.count > count, count > 0 else { return values }
    return (0..<count).map { bin in
        mean(Array(values[bin * values.count / count..<(bin + 1) * values.count / count]))
    }
}
