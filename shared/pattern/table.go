package pattern

import "tierboard/shared/event"

// The tier sets of the table.
var (
	daily    = []event.Tier{event.Daily}
	intraday = []event.Tier{event.Intraday}
	combo    = []event.Tier{event.Combo}
	both     = []event.Tier{event.Daily, event.Intraday}
)

// table lists every pattern name seen in the field. Order is the order in which pickers show them.
var table = []Name{
	{"weekly_breakout", "Weekly Breakout", Breakout, daily, []string{"WeeklyBO"}, "Close above the range of the past weeks"},
	{"daily_breakout", "Daily Breakout", Breakout, daily, []string{"DailyBO", "BreakoutBO", "Breakout"}, "Close above the recent daily range"},
	{"multi_day_breakout", "Multi-Day Breakout", Breakout, daily, nil, "Close outside the range of several days"},
	{"support_resistance_breakout", "S/R Breakout", Breakout, daily, nil, "Close through a tested level"},
	{"bull_flag", "Bull Flag", Flag, daily, nil, "Sharp rise, then a shallow drift on falling volume"},
	{"bear_flag", "Bear Flag", Flag, daily, nil, "Sharp fall, then a shallow drift on falling volume"},
	{"ascending_triangle", "Ascending Triangle", Flag, daily, []string{"AscTri"}, "Flat top and rising lows"},
	{"triangle", "Triangle", Flag, daily, nil, "Range narrowing from both sides"},
	{"support_test", "Support Test", Level, daily, []string{"Support"}, "Bounce from a tested low"},
	{"resistance_test", "Resistance Test", Level, daily, nil, "Turn at a tested high"},
	{"resistance_break", "Resistance Break", Level, daily, []string{"Resistance", "ResBreak"}, "Close above a tested high"},
	{"support_break", "Support Break", Level, daily, nil, "Close below a tested low"},
	{"trendline_hold", "Trendline Hold", Level, daily, []string{"TrendHold"}, "Bounce from a rising trend line"},
	{"head_and_shoulders", "Head & Shoulders", Reversal, daily, nil, "Three peaks, the middle one highest"},
	{"double_bottom", "Double Bottom", Reversal, daily, nil, "Two lows at one price"},
	{"double_top", "Double Top", Reversal, daily, nil, "Two highs at one price"},
	{"reversal_signal", "Reversal Signal", Reversal, both, []string{"Reversal", "QuickReversal"}, "Turn against the recent move"},
	{"moving_average_crossover", "MA Crossover", Momentum, daily, nil, "Fast average through the slow one"},
	{"swing_high_low", "Swing High/Low", Level, daily, nil, "New swing extreme"},
	{"trend_reversal", "Trend Reversal", Reversal, both, nil, "Break of the prevailing trend"},

	{"volume_spike", "Volume Spike", Volume, intraday, []string{"VolSpike", "High_Volume_Surge"}, "Volume far above its usual for the time"},
	{"vwap_break", "VWAP Break", Breakout, intraday, nil, "Close through the volume-weighted average price"},
	{"vwap_reject", "VWAP Reject", Reversal, intraday, nil, "Turn at the volume-weighted average price"},
	{"rsi_divergence", "RSI Divergence", Reversal, intraday, []string{"RSI_Div"}, "Price makes a new extreme, strength does not"},
	{"opening_range_break", "Opening Range Break", Breakout, intraday, []string{"ORB"}, "Close outside the first half hour's range"},
	{"divergence", "Divergence", Reversal, intraday, []string{"DivergenceDO"}, "Price and strength disagree"},
	{"doji", "Doji", Candlestick, intraday, nil, "Open and close nearly equal"},
	{"hammer", "Hammer", Candlestick, intraday, nil, "Long lower shadow after a fall"},
	{"hanging_man", "Hanging Man", Candlestick, intraday, nil, "Long lower shadow after a rise"},
	{"shooting_star", "Shooting Star", Candlestick, intraday, nil, "Long upper shadow after a rise"},
	{"bullish_engulfing", "Bullish Engulfing", Candlestick, intraday, []string{"EngulfingBullish", "Engulfing_Bull"}, "Up bar that covers the bar before"},
	{"bearish_engulfing", "Bearish Engulfing", Candlestick, intraday, []string{"EngulfingBearish", "Engulfing_Bear"}, "Down bar that covers the bar before"},
	{"engulfing", "Engulfing", Candlestick, intraday, nil, "Bar that covers the bar before"},
	{"harami", "Harami", Candlestick, both, nil, "Bar inside the bar before"},
	{"morning_star", "Morning Star", Candlestick, both, nil, "Three bars that turn a fall"},
	{"evening_star", "Evening Star", Candlestick, both, nil, "Three bars that turn a rise"},
	{"three_white_soldiers", "Three White Soldiers", Candlestick, both, nil, "Three strong up bars"},
	{"three_black_crows", "Three Black Crows", Candlestick, both, nil, "Three strong down bars"},
	{"piercing_line", "Piercing Line", Candlestick, both, nil, "Up bar that recovers half the bar before"},
	{"dark_cloud_cover", "Dark Cloud Cover", Candlestick, both, nil, "Down bar that covers half the bar before"},
	{"minute_trend", "Minute Trend", Momentum, intraday, nil, "Run of bars in one direction"},
	{"intraday_gap", "Intraday Gap", Breakout, intraday, nil, "Jump between two bars"},
	{"price_gap", "Price Gap", Breakout, both, nil, "Open away from the last close"},
	{"gap_fill", "Gap Fill", Level, both, nil, "Return into an open gap"},
	{"momentum_spike", "Momentum Spike", Momentum, intraday, nil, "Sudden acceleration"},
	{"momentum_shift", "Momentum Shift", Momentum, intraday, []string{"MomShift"}, "Change of pace and direction"},
	{"momentum_surge", "Momentum Surge", Momentum, intraday, []string{"SurgeDetection", "SurgePattern"}, "Sustained acceleration"},
	{"volatility_spike", "Volatility Spike", Momentum, intraday, nil, "Range far above its usual"},
	{"liquidity_drop", "Liquidity Drop", Volume, intraday, nil, "Volume far below its usual"},
	{"closed_in_range", "Closed In Range", Level, intraday, nil, "Close back inside the range"},
	{"scalping_breakout", "Scalping Breakout", Breakout, intraday, []string{"ScalpingBO"}, "Small fast breakout"},
	{"price_change", "Price Change", Momentum, intraday, nil, "Large move in one bar"},
	{"always_detected", "Always Detected", Other, intraday, nil, "The producer's self-test"},

	{"setup_confirmation", "Setup Confirmation", Combined, combo, []string{"daily_setup_intraday_confirmation", "Daily Bull Flag + Confirmation"}, "Intraday trigger confirms the daily setup"},
	{"trend_break", "Trend Break", Combined, combo, []string{"breakout_combo"}, "Intraday break of the daily trend"},
	{"daily_entry", "Daily + Entry", Combined, combo, nil, "Intraday entry into a daily setup"},
	{"trend_continuation", "Trend Continuation", Combined, combo, []string{"trend_continuation_combo"}, "Intraday move along the daily trend"},
	{"reversal_combo", "Reversal Combo", Combined, combo, nil, "Intraday turn at a daily level"},
	{"multi_day_gap_fill", "Multi-Day Gap + Fill", Combined, combo, nil, "Intraday fill of a daily gap"},
	{"weekly_support_rs_surge", "Weekly Support + RS", Combined, combo, nil, "Strength surge at weekly support"},
	{"combo_pattern", "Combo", Combined, combo, nil, "Daily setup with intraday trigger"},
}
