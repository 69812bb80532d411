import Testing
import TinyReport

/// Axes, labels and small pieces of text.
@Suite("Drawing")
struct DrawingTests {
    @Test("a linear axis has round steps that hold every value")
    func linear() {
        let scale = Scale.round(around: [0.321, 0.874], steps: 6, within: 0...1)
        #expect(scale.ticks.map { ($0 * 1e6).rounded() } == [3e5, 4e5, 5e5, 6e5, 7e5, 8e5, 9e5])
        #expect(scale.position(scale.domain.lowerBound) == 0 && scale.position(scale.domain.upperBound) == 1)
        for values in [[0, 0], [5, 5], [-1e-9, 1e-9], [0.999, 1], [-3e12, 7], []] as [[Double]] {
            let scale = Scale.round(around: values)
            #expect(scale.domain.lowerBound < scale.domain.upperBound && scale.ticks.count >= 2, "\(values)")
            #expect(values.allSatisfy { (-1e-9...1 + 1e-9).contains(scale.position($0)) }, "\(values)")
        }
    }

    @Test("a logarithmic axis has whole decades")
    func logarithmic() {
        #expect(Scale.decades(around: [1, 13, 2_104_960]).ticks == [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7])
        #expect(Scale.decades(around: [13]).ticks == [10, 100])
        #expect(Scale.decades(around: [10, 1000]).ticks == [10, 100, 1000])
        #expect(Scale.decades(around: []).ticks == [1, 10])
        #expect(abs(Scale.decades(around: [1, 10_000]).position(100) - 0.5) < 1e-12)
    }

    @Test("labels keep their distance, their order and the frame")
    func labels() {
        #expect(spread([10, 50], apart: 12, within: 0...100) == [10, 50])
        #expect(spread([50, 50], apart: 12, within: 0...100) == [44, 56])
        #expect(spread([1, 2, 3], apart: 12, within: 0...100) == [0, 12, 24])
        #expect(spread([99, 100], apart: 12, within: 0...100) == [88, 100])
        let crowded = spread([10, 11, 30, 31, 33, 90], apart: 12, within: 0...100)
        #expect(zip(crowded, crowded.dropFirst()).allSatisfy { $1 - $0 >= 12 - 1e-9 }, "\(crowded)")
    }

    @Test(
        "numbers are short",
        arguments: [
            (0, "0"), (1, "1"), (950, "950"), (999.6, "1k"), (1000, "1k"), (12_400, "12.4k"), (2_104_960, "2.1M"),
            (1e9, "1G"), (9.996, "10"), (-1500, "−1.5k"), (0.25, "0.25"),
        ] as [(Double, String)])
    func compactNumbers(value: Double, text: String) {
        #expect(compact(value) == text)
    }

    @Test(
        "settings are written as people do",
        arguments: [(1e-5, "1e-5"), (0.05, "0.05"), (13, "13"), (2e-300, "2e-300")])
    func shortNumbers(value: Double, text: String) {
        #expect(shortest(value) == text)
    }

    @Test("a curve in a line of text goes from the lowest to the highest level")
    func sparklines() {
        #expect(sparkline([0, 1, 2, 3], width: 4) == "▁▃▆█")
        #expect(sparkline([5, 5], width: 4) == "▅▅")
        #expect(sparkline([], width: 4) == "")
        #expect(sparkline((0..<100).map(Double.init), width: 8) == "▁▂▃▄▅▆▇█")
    }

    @Test(
        "paths lead from the page to the run",
        arguments: [
            ("/a/b", "/a/b/c", "c"), ("/a/b", "/a/c/d", "../c/d"), ("/a", "/a", "."), ("/", "/x/y", "x/y"),
            ("/home/me", "/data/run", "/data/run"),
        ])
    func paths(folder: String, path: String, relative: String) {
        #expect(relativePath(from: folder, to: path) == relative)
    }

    @Test("runs are listed as people count")
    func order() {
        #expect(
            ["s10", "s9", "s1", "a2b", "a10", "a2"].sorted(by: naturallyPrecedes) == [
                "a2", "a2b", "a10", "s1", "s9", "s10",
            ])
    }
}
