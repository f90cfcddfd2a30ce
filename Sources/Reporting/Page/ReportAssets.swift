import CReportPage

/// The page's own style and script: files of `CReportPage`, which are in the program.
enum ReportAssets {
    static var style: String { text(report_style) }
    static var servedScript: String { text(report_served_script) }
    static var script: String { text(report_script) }

    private static func text(_ asset: ReportAsset) -> String {
        String(decoding: UnsafeBufferPointer(start: asset.bytes, count: asset.count), as: UTF8.self)
    }
}
